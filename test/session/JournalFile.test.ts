import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Schema } from "effect"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { Disk, type DiskOperations, nodeDisk } from "../../layers/DurableFile.ts"
import { openJournal, readJournal } from "../../layers/JournalFile.ts"
import { seal } from "../../layers/JournalLines.ts"
import { temporaryFolder } from "../conformance/TemporaryScope.ts"

const line = (n: number, text = "x") => JSON.stringify({ n, text })
const temporaryPath = Effect.map(temporaryFolder, (folder) => Path.join(folder, "journal.jsonl"))
const linesIn = (path: string) => Effect.map(readJournal(path), (journal) => journal?.lines)

/** Counts, and fails as told: `undefined` lets the operation through. */
const faulty = (fault: (operation: keyof DiskOperations, count: number) => string | undefined) => {
  const calls: Array<keyof DiskOperations> = []
  const run = async <A>(operation: keyof DiskOperations, effect: () => Promise<A>) => {
    calls.push(operation)
    const code = fault(operation, calls.filter((call) => call === operation).length)
    if (code !== undefined) throw Object.assign(new Error(`${code}: injected`), { code })
    return effect()
  }
  const disk: DiskOperations = {
    ...nodeDisk,
    // Half of what was asked for, as a disk that is filling up would.
    write: (file, bytes, position) => {
      const half = bytes.subarray(0, Math.ceil(bytes.length / 2))
      return run("write", () => nodeDisk.write(file, half, position))
    },
    sync: (file, point) => run("sync", () => nodeDisk.sync(file, point)),
    syncFolder: (folder, point) => run("syncFolder", () => nodeDisk.syncFolder(folder, point)),
    truncate: (file, length) => run("truncate", () => nodeDisk.truncate(file, length))
  }
  return { calls, disk }
}

describe("journal file", () => {
  it.effect.prop(
    "reads back any lines",
    [Schema.Array(Schema.String)],
    ([texts]) =>
      Effect.scoped(Effect.gen(function*() {
        const path = yield* temporaryPath
        const { journal } = yield* openJournal(path)
        const lines = texts.map((text, n) => line(n, text))
        yield* journal.append(lines)
        assert.deepStrictEqual((yield* openJournal(path)).lines, lines)
      })),
    { arbitrary: { runs: 30 } }
  )

  it.effect("is private, readable by eye, and there when append returns", () =>
    Effect.gen(function*() {
      const path = yield* temporaryPath
      const { journal } = yield* openJournal(path)
      yield* journal.append([line(1, "é")])
      assert.match(Fs.readFileSync(path, "utf8"), /^\{"crc":"[0-9a-f]{8}","n":1,"text":"é"\}\n$/)
      assert.strictEqual(Fs.statSync(path).mode & 0o777, 0o600)
    }))

  it.effect("cuts a tail that was torn at any byte, before anything is appended", () =>
    Effect.gen(function*() {
      const path = yield* temporaryPath
      const kept = seal(line(1)) + seal(line(2, "two"))
      const torn = Buffer.from(seal(line(3, "thrée 👩‍🔬")))
      for (let length = 0; length < torn.length; length++) {
        Fs.writeFileSync(path, Buffer.concat([Buffer.from(kept), torn.subarray(0, length)]))
        yield* Effect.scoped(Effect.gen(function*() {
          const { journal, lines } = yield* openJournal(path)
          assert.deepStrictEqual(lines, [line(1), line(2, "two")])
          yield* journal.append([line(3, "again")])
        }))
        assert.strictEqual(Fs.readFileSync(path, "utf8"), kept + seal(line(3, "again")), `torn after ${length} bytes`)
      }
    }))

  it.effect("refuses any flipped byte of what was acknowledged, with path and line", () =>
    Effect.gen(function*() {
      const path = yield* temporaryPath
      const good = Buffer.from(seal(line(1)) + seal(line(2)) + seal(line(3)))
      const end = Buffer.byteLength(seal(line(1))) * 2
      for (let at = 0; at < end; at++) {
        const bad = Buffer.from(good)
        bad[at] = (bad[at] ?? 0) ^ 0x01
        Fs.writeFileSync(path, bad)
        const { reason } = yield* Effect.flip(openJournal(path))
        assert.strictEqual(reason._tag, "StoreDamaged", `byte ${at}`)
        assert.include(reason.message, `${path}:${at < end / 2 ? 1 : 2}`)
        assert.deepStrictEqual(Fs.readFileSync(path), bad)
      }
    }))

  it.effect("notices that somebody shortened the file behind its back", () =>
    Effect.gen(function*() {
      const path = yield* temporaryPath
      const { journal } = yield* openJournal(path)
      yield* journal.append([line(1)])
      yield* journal.release
      Fs.truncateSync(path, 4)
      assert.strictEqual((yield* Effect.flip(journal.append([line(2)]))).reason._tag, "StoreDamaged")
      assert.strictEqual(Fs.statSync(path).size, 4)
    }))

  it.effect("a full disk leaves nothing of the append, and the next one goes on from there", () =>
    Effect.gen(function*() {
      const path = yield* temporaryPath
      const { journal } = yield* openJournal(path)
      yield* journal.append([line(1)])
      const { disk } = faulty((operation, count) => operation === "write" && count === 2 ? "ENOSPC" : undefined)
      const { reason } = yield* Effect.flip(journal.append([line(2), line(3)])).pipe(Effect.provideService(Disk, disk))
      assert.strictEqual(reason._tag, "StoreFull")
      assert.strictEqual(Fs.readFileSync(path, "utf8"), seal(line(1)))
      yield* journal.append([line(2)])
      assert.deepStrictEqual(yield* linesIn(path), [line(1), line(2)])
    }))

  it.effect("a failed sync is not tried again: the file is cut back first, then written anew", () =>
    Effect.gen(function*() {
      const path = yield* temporaryPath
      const { calls, disk } = faulty((operation, count) => operation === "sync" && count === 1 ? "EIO" : undefined)
      yield* Effect.gen(function*() {
        const { journal } = yield* openJournal(path)
        const { reason } = yield* Effect.flip(journal.append([line(1)]))
        assert.strictEqual(reason._tag, "StoreUnreachable")
        assert.strictEqual(Fs.statSync(path).size, 0)
        assert.deepStrictEqual(calls.filter((call) => call !== "syncFolder"), [
          ...Array.from({ length: 6 }, () => "write"),
          "sync",
          "truncate",
          "sync"
        ])
        yield* journal.append([line(1)])
      }).pipe(Effect.provideService(Disk, disk))
      assert.deepStrictEqual(yield* linesIn(path), [line(1)])
    }))

  it.effect("lines whose file has no durable name yet are none", () =>
    Effect.gen(function*() {
      const path = yield* temporaryPath
      const { disk } = faulty((operation, count) => operation === "syncFolder" && count === 1 ? "EIO" : undefined)
      yield* Effect.gen(function*() {
        const { journal } = yield* openJournal(path)
        const { reason } = yield* Effect.flip(journal.append([line(1)]))
        assert.strictEqual(reason._tag, "StoreUnreachable")
        assert.deepStrictEqual([Fs.statSync(path).size, journal.size()], [0, 0])
        yield* journal.append([line(2)])
      }).pipe(Effect.provideService(Disk, disk))
      assert.deepStrictEqual(yield* linesIn(path), [line(2)])
    }))

  it.effect("while the file cannot even be cut back, every append fails; then it goes on", () =>
    Effect.gen(function*() {
      const path = yield* temporaryPath
      const { journal } = yield* openJournal(path)
      yield* journal.append([line(1)])
      let broken = true
      const { disk } = faulty((operation) => broken && operation !== "write" ? "EIO" : undefined)
      yield* Effect.gen(function*() {
        yield* Effect.flip(journal.append([line(2)]))
        const sizeOfRemains = Fs.statSync(path).size
        yield* Effect.flip(journal.append([line(2)]))
        assert.strictEqual(Fs.statSync(path).size, sizeOfRemains)
        broken = false
        yield* journal.append([line(3)])
      }).pipe(Effect.provideService(Disk, disk))
      assert.deepStrictEqual(yield* linesIn(path), [line(1), line(3)])
    }))

  it.effect("appends that wait together share a sync, in order, and share its failure", () =>
    Effect.gen(function*() {
      const path = yield* temporaryPath
      const { journal } = yield* openJournal(path)
      const together = (from: number) =>
        Effect.forEach(Array.from({ length: 50 }, (_, n) => line(from + n)), (text) =>
          Effect.exit(journal.append([text])), {
          concurrency: "unbounded"
        })
      const { calls, disk } = faulty(() =>
        undefined
      )
      const exits = yield* together(0).pipe(Effect.provideService(Disk, disk))
      assert.isTrue(exits.every(Exit.isSuccess))
      assert.isAtMost(calls.filter((call) => call === "sync").length, 4)
      const lines = Array.from({ length: 50 }, (_, n) => line(n))
      assert.deepStrictEqual(yield* linesIn(path), lines)
      const full = faulty((operation) => operation === "write" ? "ENOSPC" : undefined)
      const failures = yield* together(50).pipe(Effect.provideService(Disk, full.disk))
      assert.isTrue(failures.every(Exit.isFailure))
      assert.deepStrictEqual(yield* linesIn(path), lines)
    }))
})
