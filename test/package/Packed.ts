/**
 * What `npm pack` makes of this project, unpacked where `npm install` would put it, with nothing beside it but what its
 * manifest asks for. The library is built afresh where a source is younger, so this never speaks of an older build.
 */
import { spawnSync } from "node:child_process"
import { cpSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import * as Library from "../../build/Library.ts"
import { Sandbox } from "../docs/Sandbox.ts"
import { root } from "../docs/Snippets.ts"

/** What an embedder installs for the tests and the types that the guides show. */
const besides = ["vitest", "@effect/vitest", "@types/node"]

export class Packed {
  readonly folder = mkdtempSync(join(tmpdir(), "animus-packed-"))
  readonly modules = join(this.folder, "node_modules")
  readonly home = join(this.modules, "animus")
  private readonly sandboxes: Array<Sandbox> = []

  async build() {
    const source = join(this.folder, "source")
    for (const name of ["package.json", "README.md", "LICENSE", "bin"]) {
      cpSync(join(root, name), join(source, name), { recursive: true })
    }
    const isCurrent = Library.isCurrent()
    const filter = (path: string) => isCurrent || path !== Library.library
    cpSync(join(root, "dist"), join(source, "dist"), { recursive: true, filter })
    if (!isCurrent) await Library.compile(join(source, "dist/lib"))
    this.unpack(source)
  }

  private run(program: string, args: ReadonlyArray<string>, cwd = this.folder): string {
    const env = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env["PATH"]}` }
    const { error, status, stderr, stdout } = spawnSync(program, args, { cwd, encoding: "utf8", env, timeout: 120_000 })
    if (error !== undefined) throw error
    if (status !== 0) throw new Error(`${program} ${args.join(" ")} ended with ${status}:\n${stdout}${stderr}`)
    return stdout
  }

  private unpack(source: string) {
    const packed = this.run("npm", ["pack", "--ignore-scripts", "--silent", "--pack-destination", this.folder], source)
    this.run("tar", ["-xzf", packed.trim()])
    mkdirSync(join(this.modules, ".bin"), { recursive: true })
    renameSync(join(this.folder, "package"), this.home)
    for (const name of [...Object.keys(this.manifest.dependencies ?? {}), ...besides]) {
      mkdirSync(dirname(join(this.modules, name)), { recursive: true })
      symlinkSync(join(root, "node_modules", name), join(this.modules, name))
    }
    symlinkSync("../vitest/vitest.mjs", join(this.modules, ".bin/vitest"))
  }

  get manifest(): { readonly [field in "dependencies" | "peerDependencies"]?: Readonly<Record<string, string>> } {
    return JSON.parse(readFileSync(join(this.home, "package.json"), "utf8"))
  }

  /** A program of an embedder's own, in a repository beside which the package is installed. */
  sandbox(): Sandbox {
    const made = new Sandbox(join(this.home, "bin", "animus"))
    symlinkSync(this.modules, join(made.project, "node_modules"))
    this.sandboxes.push(made)
    return made
  }

  end() {
    for (const one of this.sandboxes) one.end()
    rmSync(this.folder, { recursive: true, force: true })
  }
}
