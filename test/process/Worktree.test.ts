/** Where the phases of a run work, and what they know, with a real repository and a real daemon. */
import { spawnSync } from "node:child_process"
import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { until } from "./referencePluginsHost.ts"
import { operator } from "./Typed.ts"
import { Workplace } from "./Workplace.ts"

const SECRET = "tr4cker-t0ken"

const workflows = `
tools_allowlist: [sh]
secrets:
  token: { env: TRACKER_TOKEN }
agents:
  coder:
    tool: exec
    launch:
      command: sh
      args: ["-c", 'cat > /dev/null; echo "agent knows $1 and $KEY"; echo work > made; git add made && git commit -qm made || true', agent, "\${secret.token}"]
      env: { KEY: "\${secret.token}", GIT_AUTHOR_NAME: A, GIT_AUTHOR_EMAIL: a@b, GIT_COMMITTER_NAME: A, GIT_COMMITTER_EMAIL: a@b }
  leaver:
    tool: exec
    launch: { command: sh, args: ["-c", "cat > /dev/null; echo more >> left"] }
phases:
  make: { mode: agent, agent: coder }
  leave:
    mode: agent
    runtime: { tool: exec }
    agent: leaver
    capabilities: { requires_commit: true }
  show:
    mode: command
    command: { program: sh, args: ["-c", 'test -f made && pwd && echo "command knows $1"', show, "\${secret.token}"] }
  litter:
    mode: command
    command: { program: sh, args: ["-c", "echo left > litter"] }
workflows:
  - { id: tidy, worktree: required, phases: [make, show] }
  - { id: leaving, worktree: required, phases: [leave] }
  - { id: messy, worktree: auto, phases: [make, litter] }
`

const git = (folder: string, ...args: ReadonlyArray<string>) =>
  spawnSync("git", ["-C", folder, "-c", "user.name=A", "-c", "user.email=a@b", ...args], { encoding: "utf8" })

/** Files below a folder that hold the text. */
const holding = (folder: string, text: string): ReadonlyArray<string> =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => readFileSync(file, "utf8").includes(text))

const begun = () => {
  const place = new Workplace(workflows, { TRACKER_TOKEN: SECRET })
  git(place.project, "init", "--quiet", "--initial-branch=main")
  git(place.project, "add", "--all")
  assert.strictEqual(git(place.project, "commit", "--quiet", "--message", "begin").status, 0)
  place.start()
  return place
}

describe("a worktree", () => {
  let place: Workplace
  let typist: ReturnType<typeof operator>
  beforeAll(() => {
    place = begun()
    typist = operator(place)
  })
  afterAll(() => place.end())

  /** A run is over before its worktree is. */
  const tidied = (branch: string) =>
    until("its worktree is gone", () => !git(place.project, "worktree", "list").stdout.includes(branch))
  const task = (title: string) => place.ask("subject/create", { kind: "task", title })

  it("is where the phases of a run work; what was committed there stays, and so does what was not", async () => {
    const { id } = await task("T")
    const branch = `animus/${id.replaceAll(":", "-")}`
    assert.strictEqual((await typist.type("workflow", "run", id, "--workflow", "tidy", "--watch")).status, 0)
    assert.strictEqual(place.read("made"), "")
    assert.strictEqual(git(place.project, "show", `${branch}:made`).stdout, "work\n")
    await tidied(branch)

    const other = await task("U")
    // As a daemon leaves it that is killed while git makes one: a `.git`, and no files yet.
    const name = other.id.replaceAll(":", "-")
    const folder = join(dirname(dirname((await place.ask("daemon/status", {})).log_path)), "worktrees", name)
    git(place.project, "worktree", "add", "--quiet", "--no-checkout", "-b", `animus/${name}`, folder)
    writeFileSync(join(place.project, ".git", "worktrees", name, "locked"), "initializing\n")
    assert.strictEqual((await typist.type("workflow", "run", other.id, "--workflow", "messy", "--watch")).status, 0)
    assert.strictEqual(git(folder, "status", "--porcelain").stdout, "?? litter\n")
    const worktrees = git(place.project, "worktree", "list").stdout
    assert.include(worktrees, `animus/${other.id.replaceAll(":", "-")}`)
    await until(
      "it is said where it stays",
      async () => (await typist.type("logs")).stdout.includes(`Look at it with: git -C ${folder} `)
    )

    const [, done] = (await typist.answer("workflow", "list")).runs
    const journal = JSON.stringify(await typist.answer("workflow", "journal", done.id))
    assert.include(journal, "agent knows [secret] and [secret]")
    assert.include(journal, "command knows [secret]")
    assert.deepStrictEqual(holding(place.root, SECRET), [])
  })

  it("is left committed by a phase that says so, and a commit that git refuses is an error of the attempt", async () => {
    git(place.project, "config", "user.name", "A")
    git(place.project, "config", "user.email", "a@b")
    const { id } = await task("T")
    const branch = `animus/${id.replaceAll(":", "-")}`
    const run = () => typist.type("workflow", "run", id, "--workflow", "leaving", "--watch")
    assert.strictEqual((await run()).status, 0)
    assert.strictEqual(git(place.project, "show", `${branch}:left`).stdout, "more\n")
    assert.strictEqual(git(place.project, "log", "-1", "--format=%s", branch).stdout, "leave: T\n")
    await tidied(branch)

    writeFileSync(join(place.project, ".git", "hooks", "pre-commit"), "#!/bin/sh\necho not today\nexit 1\n", {
      mode: 0o755
    })
    const { status, stdout } = await run()
    assert.strictEqual(status, 1)
    assert.include(stdout, "its work could not be committed: not today")
  })

  it("that is required and cannot be made fails the run, and one that is not required is done without", async () => {
    const place = new Workplace(workflows, { TRACKER_TOKEN: SECRET })
    try {
      const { type } = operator(place)
      place.start()
      const { id } = await place.ask("subject/create", { kind: "task", title: "T" })
      const { status, stdout } = await type("workflow", "run", id, "--workflow", "tidy", "--watch")
      assert.notStrictEqual(status, 0)
      assert.include(stdout, "could not be made: fatal: not a git repository")
      await type("workflow", "run", id, "--workflow", "messy", "--watch")
      assert.strictEqual(place.read("made"), "work\n")
    } finally {
      await place.end()
    }
  })
})
