/** A daemon of somebody without a home: its state, and so its socket, is in the project's own folder. */
import { spawnSync } from "node:child_process"
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, it } from "vitest"

const launcher = join(import.meta.dirname, "..", "..", "bin", "animus")

it("a daemon without a home answers where the command line looks for it", { timeout: 180_000 }, () => {
  const project = realpathSync(mkdtempSync(join(tmpdir(), "animus-homeless-")))
  mkdirSync(join(project, ".animus"), { mode: 0o700 })
  const animus = (...args: ReadonlyArray<string>) =>
    spawnSync(launcher, args, { cwd: project, encoding: "utf8", env: { PATH: process.env["PATH"] }, timeout: 60_000 })
  try {
    const started = animus("daemon", "start")
    assert.strictEqual(started.status, 0, started.stderr)
    assert.isTrue(existsSync(join(project, ".animus", "control.sock")))
    assert.strictEqual(animus("daemon", "status").status, 0)
  } finally {
    animus("daemon", "stop")
    rmSync(project, { recursive: true, force: true })
  }
})
