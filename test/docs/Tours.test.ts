/** The documents that need nothing but `animus` itself, followed to the end. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs"
import { afterEach, assert, describe, it } from "vitest"
import { typed } from "../process/Typed.ts"
import { follow, matches } from "./Follow.ts"
import { type Finished, Sandbox } from "./Sandbox.ts"
import { type Snippet, snippetsOf } from "./Snippets.ts"

const sandboxes: Array<Sandbox> = []
const sandbox = (made = new Sandbox()) => {
  sandboxes.push(made)
  return made
}

/** What starts more than a command, or needs a shell. */
const starts = /^animus (init|daemon (start|run|stop)|plugin call)\b|^(?!animus )|[|<>;&#$]/

/** Types in this process what is only asked of a daemon or of files. */
class Desk extends Sandbox {
  override async type(command: string): Promise<Finished> {
    if (starts.test(command)) return this.sh(command)
    const words = [...command.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, bare = ""]) => quoted ?? bare)
    const { output, status } = await typed([...words.slice(1), "--project-root", this.project], this.env)
    return { code: status, output }
  }
}

afterEach(() => {
  for (const one of sandboxes.splice(0)) one.end()
})

const commands = (document: string): ReadonlyArray<Snippet> =>
  snippetsOf(document).filter(({ language }) => language === "sh" || language === "console")

/** Sockets of the Internet's families that this process holds; it has others. */
const networkSockets = (pid: number): ReadonlyArray<string> => {
  const ports = ["tcp", "tcp6", "udp", "udp6"].flatMap((family) =>
    readFileSync(`/proc/${pid}/net/${family}`, "utf8").split("\n").slice(1).map((row) => row.trim().split(/\s+/)[9])
  )
  const held = readdirSync(`/proc/${pid}/fd`).map((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`)
    } catch {
      // Closed in between.
      return ""
    }
  })
  return ports.flatMap((inode) => inode !== undefined && held.includes(`socket:[${inode}]`) ? [inode] : [])
}

/** The one that works in this place's project. */
const daemonOf = ({ project }: Sandbox): number => {
  const [pid, ...others] = readdirSync("/proc").filter((pid) => {
    try {
      return readlinkSync(`/proc/${pid}/cwd`) === project &&
        readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("\0daemon\0run\0")
    } catch {
      // It has ended, or is nobody's we may look at.
      return false
    }
  })
  assert.deepStrictEqual(others, [])
  return Number(pid)
}

describe("what a document shows", () => {
  it.each([
    ["one\ntwo", "one\ntwo\n", true],
    ["one\n…", "one\n", true],
    ["…\nthree", "one\ntwo\nthree\n", true],
    ["a …c  d", "a bc d\n", true],
    ["", "", true],
    ["", "one\n", false],
    ["one", "one\ntwo\n", false],
    ["…\none", "two\n", false],
    ["a.c", "abc\n", false]
  ])("%j is what was printed as %j: %j", (shown, printed, same) => assert.strictEqual(matches(shown, printed), same))
})

describe("README", () => {
  it("its tour can be typed as it stands, and its daemon opens no network port", async () => {
    const place = sandbox()
    const looked: Array<ReadonlyArray<string>> = []
    await follow(place, commands("README.md"), undefined, (typed) => {
      if (typed.startsWith("animus daemon stop")) looked.push(networkSockets(daemonOf(place)))
    })
    assert.deepStrictEqual(looked, [[]])
  })

  it("has a tour of at most twenty lines", () => {
    const [tour] = commands("README.md")
    assert.isAtMost(tour?.text.trimEnd().split("\n").length ?? Infinity, 20)
  })
})

describe("docs/operating.md", () => {
  it("its day can be lived", { timeout: 180_000 }, () => follow(sandbox(new Desk()), commands("docs/operating.md")))
})
