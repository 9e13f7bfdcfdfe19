import { describe, expect, it } from "@effect/vitest"
import { Layer } from "effect"
import { Command } from "effect/cli"
import { animus } from "../../src/cli/Animus.ts"
import { named } from "../../src/cli/Loaders.ts"

const tree = (...args: ReadonlyArray<string>) => animus(Layer.empty, args)

const namesOf = ({ subcommands }: Command.Command.Any): ReadonlyArray<string> =>
  subcommands.flatMap(({ commands }) => commands.map(({ name }) => name))

const pathsOf = (command: Command.Command.Any, path: ReadonlyArray<string>): ReadonlyArray<ReadonlyArray<string>> =>
  command.subcommands.flatMap(({ commands }) =>
    commands.flatMap((child) => [[...path, child.name], ...pathsOf(child, [...path, child.name])])
  )

describe("the commands that are loaded", () => {
  it("are all of them when none is named, or completions are asked for", async () => {
    const all = pathsOf(await tree(), [])
    expect(all.length).toBeGreaterThan(40)
    expect(pathsOf(await tree("--help"), [])).toEqual(all)
    expect(pathsOf(await tree("stauts"), [])).toEqual(all)
    expect(pathsOf(await tree("status", "--completions", "bash"), [])).toEqual(all)
    expect(pathsOf(await tree("status", "--completions=zsh"), [])).toEqual(all)
  })

  it("hold every command under the name that it is called by", async () => {
    for (const path of pathsOf(await tree(), [])) {
      expect(pathsOf(await tree(...path), [])).toContainEqual(path)
    }
  })

  it("are the named one alone", async () => {
    expect(pathsOf(await tree("workflow", "cancel", "abc", "--json"), [])).toEqual([["workflow"], [
      "workflow",
      "cancel"
    ]])
    expect(namesOf(await tree("daemon", "--help"))).toEqual(["daemon"])
  })

  it("do not load what nobody named", async () => {
    const other = () => Promise.reject(new Error("loaded"))
    const one = () => Promise.resolve(Command.make("one"))
    expect((await named({ one, other }, ["one"])).map(({ name }) => name)).toEqual(["one"])
  })
})
