import { NodeServices } from "@effect/platform-node"
import { describe, expect, it } from "@effect/vitest"
import { ConfigProvider, Effect, FileSystem, Layer } from "effect"
import { execFileSync } from "node:child_process"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { scopeBase, scopeName } from "../../layers/ScopeFolder.ts"
import * as ScopePaths from "../../layers/ScopePaths.ts"
import { ProjectScope } from "../../src/project/ProjectScope.ts"

const ORIGIN = "https://example.invalid/team/widget.git"

const git = (cwd: string, ...args: ReadonlyArray<string>) =>
  execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@example.invalid", ...args], { cwd, stdio: "ignore" })

const repository = (root: string, origin?: string) => {
  Fs.mkdirSync(root, { recursive: true })
  git(root, "init", "-q")
  if (origin !== undefined) git(root, "remote", "add", "origin", origin)
  return root
}

const resolve = (options: ScopePaths.ScopeOptions, env: Record<string, string>) =>
  Effect.provide(
    ProjectScope,
    Layer.fresh(ScopePaths.layer(options)).pipe(
      Layer.provide(NodeServices.layer),
      Layer.provide(ConfigProvider.layer(ConfigProvider.fromEnvRecord({ PATH: process.env["PATH"] ?? "", ...env })))
    )
  )

/** A real folder to work in, with an empty home inside. */
const withHome = <A, E>(test: (at: { readonly dir: string; readonly env: { HOME: string } }) => Effect.Effect<A, E>) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const dir = Fs.realpathSync(yield* fs.makeTempDirectoryScoped({ prefix: "animus-scope-" }))
    Fs.mkdirSync(`${dir}/home`)
    return yield* test({ dir, env: { HOME: `${dir}/home` } })
  }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))

describe("scope names", () => {
  const bases = [
    ["A__B--C", "a-b-c"],
    ["___", "repo"],
    ["My Repo!! -- 2026", "my-repo-2026"],
    ["-x-", "x"],
    ["Größe", "gre"],
    ["日本", "repo"],
    ["a.b", "ab"],
    ["", "repo"]
  ] as const
  for (const [name, base] of bases) {
    it(`${JSON.stringify(name)} is ${base}`, () => expect(scopeBase(name)).toBe(base))
  }

  it("carries 12 digits of the hash of the whole path", () => {
    expect(scopeName("/tmp/My Repo")).toBe("my-repo-6293fecfc255")
  })
})

describe("ScopePaths", () => {
  it.live("finds the main checkout from a folder inside, and from a linked worktree", () =>
    withHome(({ dir, env }) =>
      Effect.gen(function*() {
        const root = repository(`${dir}/Main Repo`)
        git(root, "commit", "-q", "--allow-empty", "-m", "x")
        git(root, "worktree", "add", "-q", `${dir}/linked`)
        Fs.mkdirSync(`${root}/deep/er`, { recursive: true })
        Fs.mkdirSync(`${dir}/linked/sub`)
        const inside = yield* resolve({ cwd: `${root}/deep/er` }, env)
        expect(inside).toStrictEqual({
          projectRoot: root,
          projectDir: `${root}/.animus`,
          configDir: `${dir}/home/.animus`,
          scopeDir: `${dir}/home/.animus/${scopeName(root)}`,
          socketPath: `${dir}/home/.animus/${scopeName(root)}/control.sock`
        })
        expect(yield* resolve({ cwd: `${dir}/linked/sub` }, env)).toStrictEqual(inside)
        expect(Fs.statSync(inside.scopeDir).mode & 0o777).toBe(0o700)
        expect(Fs.readFileSync(`${inside.scopeDir}/.project-root`, "utf8")).toBe(`${root}\n`)
        expect(Fs.existsSync(`${inside.scopeDir}/.git-origin`)).toBe(false)
      })
    ))

  it.live("--project-root beats the repository, and a link is the folder it leads to", () =>
    withHome(({ dir, env }) =>
      Effect.gen(function*() {
        const root = repository(`${dir}/r`)
        Fs.mkdirSync(`${root}/part`)
        Fs.symlinkSync(`${root}/part`, `${dir}/link`)
        expect((yield* resolve({ cwd: root, projectRoot: "part" }, env)).projectRoot).toBe(`${root}/part`)
        expect((yield* resolve({ cwd: dir, projectRoot: "link" }, env)).projectRoot).toBe(`${root}/part`)
        expect(yield* Effect.flip(resolve({ cwd: dir, projectRoot: "none" }, env))).toMatchObject({
          _tag: "InvalidInput"
        })
      })
    ))

  it.live("without a repository the project is the working folder; ANIMUS_CONFIG_DIR moves its state", () =>
    withHome(({ dir, env }) =>
      Effect.gen(function*() {
        Fs.mkdirSync(`${dir}/plain`)
        const scope = yield* resolve({ cwd: `${dir}/plain` }, { ...env, ANIMUS_CONFIG_DIR: `${dir}/elsewhere` })
        expect(scope.projectRoot).toBe(`${dir}/plain`)
        expect(Path.dirname(scope.scopeDir)).toBe(`${dir}/elsewhere`)
        expect(Fs.existsSync(`${dir}/home/.animus`)).toBe(false)
      })
    ))

  it.live("without a home the state is in the project", () =>
    withHome(({ dir }) =>
      Effect.gen(function*() {
        Fs.mkdirSync(`${dir}/plain`)
        expect((yield* resolve({ cwd: `${dir}/plain` }, {})).scopeDir).toBe(`${dir}/plain/.animus`)
      })
    ))

  it.live("a clone that was moved keeps its folder under the old name", () =>
    withHome(({ dir, env }) =>
      Effect.gen(function*() {
        const before = yield* resolve({ cwd: repository(`${dir}/old`, ORIGIN) }, env)
        expect(Fs.readFileSync(`${before.scopeDir}/.git-origin`, "utf8")).toBe(`${ORIGIN}\n`)
        Fs.renameSync(`${dir}/old`, `${dir}/new`)
        const after = yield* resolve({ cwd: `${dir}/new` }, env)
        expect(after.scopeDir).toBe(before.scopeDir)
        expect(Fs.readFileSync(`${after.scopeDir}/.project-root`, "utf8")).toBe(`${dir}/new\n`)
      })
    ))

  it.live("two living clones of one origin never share", () =>
    withHome(({ dir, env }) =>
      Effect.gen(function*() {
        const first = yield* resolve({ cwd: repository(`${dir}/one`, ORIGIN) }, env)
        const second = yield* resolve({ cwd: repository(`${dir}/two`, ORIGIN) }, env)
        expect(second.scopeDir).not.toBe(first.scopeDir)
        expect(yield* resolve({ cwd: `${dir}/one` }, env)).toStrictEqual(first)
      })
    ))

  it.live("a folder whose project may only be unmounted is not adopted, one that names none is", () =>
    withHome(({ dir, env }) =>
      Effect.gen(function*() {
        const config = `${dir}/home/.animus`
        Fs.mkdirSync(`${config}/a-unmounted`, { recursive: true, mode: 0o700 })
        Fs.writeFileSync(`${config}/a-unmounted/.git-origin`, ORIGIN)
        Fs.writeFileSync(`${config}/a-unmounted/.project-root`, "/no-such-volume/clone\n")
        Fs.mkdirSync(`${config}/b-unmarked`, { mode: 0o700 })
        Fs.writeFileSync(`${config}/b-unmarked/.git-origin`, ORIGIN)
        const scope = yield* resolve({ cwd: repository(`${dir}/clone`, ORIGIN) }, env)
        expect(scope.scopeDir).toBe(`${config}/b-unmarked`)
        expect(Fs.readFileSync(`${config}/a-unmounted/.project-root`, "utf8")).toBe("/no-such-volume/clone\n")
      })
    ))

  it.live("refuses state that others can reach or write, and what is no folder", () =>
    withHome(({ dir, env }) =>
      Effect.gen(function*() {
        Fs.mkdirSync(`${dir}/plain`)
        const { configDir, scopeDir } = yield* resolve({ cwd: `${dir}/plain` }, env)
        const refusal = Effect.flip(resolve({ cwd: `${dir}/plain` }, env))
        Fs.chmodSync(scopeDir, 0o750)
        expect(yield* refusal).toMatchObject({
          _tag: "StateFolderUnusable",
          path: scopeDir,
          fix: `Close it with: chmod 700 ${scopeDir}`
        })
        Fs.chmodSync(scopeDir, 0o700)
        Fs.chmodSync(configDir, 0o777)
        expect(yield* refusal).toMatchObject({
          _tag: "StateFolderUnusable",
          path: configDir,
          detail: "others can reach it (mode 0777)"
        })
        Fs.rmSync(configDir, { recursive: true })
        Fs.writeFileSync(configDir, "")
        expect(yield* refusal).toMatchObject({ _tag: "StateFolderUnusable", path: configDir })
      })
    ))

  it.live.skipIf(process.getuid?.() !== 0)(
    "refuses a folder of another user",
    () =>
      withHome(({ dir, env }) =>
        Effect.gen(function*() {
          Fs.mkdirSync(`${dir}/plain`)
          const { scopeDir } = yield* resolve({ cwd: `${dir}/plain` }, env)
          Fs.chownSync(scopeDir, 12345, 12345)
          expect(yield* Effect.flip(resolve({ cwd: `${dir}/plain` }, env))).toMatchObject({
            _tag: "StateFolderUnusable",
            detail: "it belongs to user 12345, not to user 0"
          })
        })
      )
  )
})
