import { NodeServices } from "@effect/platform-node"
import { describe, expect, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, FileSystem, Layer, Path, Scope, Stream } from "effect"
import * as Fs from "node:fs"
import * as Net from "node:net"
import * as ControlConnectionSocket from "../../layers/ControlConnectionSocket.ts"
import * as ControlSocket from "../../layers/ControlSocket.ts"
import { ControlClient } from "../../src/control/ControlClient.ts"
import { ProjectScope } from "../../src/project/ProjectScope.ts"
import * as Doubles from "./Doubles.ts"

const scopeIn = (scopeDir: string) =>
  Layer.succeed(ProjectScope, {
    projectRoot: "/p",
    projectDir: "/p/.animus",
    configDir: scopeDir,
    scopeDir,
    socketPath: `${scopeDir}/control.sock`
  })

/** A private folder, what runs in it, and the daemon's side of the socket. */
const withFolder = <A, E>(
  test: (at: {
    readonly folder: string
    readonly socket: string
    readonly steering: Doubles.Steering
    readonly listen: Layer.Layer<never, unknown, never>
    readonly client: Layer.Layer<ControlClient>
  }) => Effect.Effect<A, E, FileSystem.FileSystem | Path.Path | Scope.Scope>
) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const folder = yield* fs.makeTempDirectoryScoped({ prefix: "animus-" })
    yield* fs.chmod(folder, 0o700)
    const steering = yield* Doubles.steering
    const here = Layer.merge(scopeIn(folder), NodeServices.layer)
    return yield* test({
      folder,
      socket: `${folder}/control.sock`,
      steering,
      listen: ControlSocket.layer.pipe(Layer.provide(Doubles.server(steering)), Layer.provide(here)),
      client: ControlClient.layer.pipe(Layer.provide(ControlConnectionSocket.layer), Layer.provide(here))
    })
  }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))

const statusOf = Effect.flatMap(ControlClient, (control) => control["daemon/status"]({}))
const modeOf = (path: string) => Fs.statSync(path).mode & 0o777

/** Sends the bytes, ends the sending side, and collects what comes until the daemon ends its own. */
const exchange = (path: string, bytes: string) =>
  Effect.callback<string>((resume) => {
    let text = ""
    const socket = Net.connect(path, () => socket.end(bytes))
    socket.setEncoding("utf8").on("data", (chunk) => (text += chunk)).on("close", () => resume(Effect.succeed(text)))
    socket.on("error", (error) => resume(Effect.die(error)))
    return Effect.sync(() => socket.destroy())
  })

describe("ControlSocket", () => {
  it.live("serves its owner alone and leaves nothing behind", () =>
    withFolder(({ client, listen, socket }) =>
      Effect.gen(function*() {
        yield* Effect.gen(function*() {
          expect(modeOf(socket)).toBe(0o600)
          expect(yield* Effect.provide(statusOf, client)).toStrictEqual({ running: true, version: "1" })
        }).pipe(Effect.provide(listen))
        expect(Fs.existsSync(socket)).toBe(false)
        expect(yield* Effect.flip(Effect.provide(statusOf, client))).toMatchObject({ _tag: "DaemonNotRunning" })
      })
    ))

  it.live("answers raw bytes, also to a client that has ended its sending side", () =>
    withFolder(({ listen, socket }) =>
      Effect.gen(function*() {
        const [first, second] = yield* Effect.all([
          exchange(socket, `{"jsonrpc":"2.0","id":1,"method":"daemon/status"}\n`),
          exchange(socket, `nonsense\n[{"jsonrpc":"2.0","id":"a","method":"daemon/stop","params":null}]\n`)
        ], { concurrency: 2 })
        expect(first).toBe(`{"jsonrpc":"2.0","id":1,"result":{"running":true,"version":"1"}}\n`)
        expect(second).toContain(`"code":-32700`)
        expect(second).toContain(`[{"jsonrpc":"2.0","id":"a","result":{}}]\n`)
      }).pipe(Effect.provide(listen))
    ))

  it.live("the streams of a client that is gone end", () =>
    withFolder(({ client, listen, steering }) =>
      Effect.gen(function*() {
        yield* Effect.gen(function*() {
          const control = yield* ControlClient
          yield* Stream.runDrain(Stream.take(control["workflow/events"]({}), 2))
        }).pipe(Effect.provide(client))
        yield* Deferred.await(steering.interruption)
      }).pipe(Effect.provide(listen))
    ))

  it.live("removes a socket that nobody answers at, and leaves one that answers", () =>
    withFolder(({ client, folder, listen, socket }) =>
      Effect.gen(function*() {
        yield* Effect.callback<void>((resume) => {
          const stale = Net.createServer().listen(`${folder}/other`, () => {
            Fs.renameSync(`${folder}/other`, socket)
            stale.close(() => resume(Effect.void))
          })
        })
        expect(Fs.existsSync(socket)).toBe(true)
        expect(yield* Effect.flip(Effect.provide(statusOf, client))).toMatchObject({
          _tag: "DaemonNotRunning",
          detail: "the socket is a left-over: nobody listens"
        })
        yield* Effect.gen(function*() {
          expect(yield* Effect.flip(Effect.scoped(Layer.build(Layer.fresh(listen))))).toMatchObject({
            _tag: "DaemonAlreadyRunning"
          })
          expect(yield* Effect.provide(statusOf, client)).toMatchObject({ running: true })
        }).pipe(Effect.provide(listen))
      })
    ))

  it.live("a daemon that stops at once still answers who asked for it, and ends the streams of the others", () =>
    withFolder(({ client, listen, steering }) =>
      Effect.gen(function*() {
        const daemon = yield* Scope.make()
        yield* Scope.provide(Layer.build(listen), daemon)
        const control = yield* ControlClient
        const standing = yield* Deferred.make<void>()
        const watching = yield* control["workflow/events"]({}).pipe(
          Stream.runForEach(() => Deferred.succeed(standing, undefined)),
          Effect.flip,
          Effect.forkScoped
        )
        yield* Deferred.await(standing)
        const stopping = yield* Effect.forkScoped(
          Effect.andThen(Deferred.await(steering.release), Scope.close(daemon, Exit.void))
        )
        expect(yield* control["daemon/stop"]({})).toStrictEqual({})
        yield* Fiber.join(stopping)
        expect(yield* Fiber.join(watching)).toMatchObject({ _tag: "ControlError", category: "unavailable" })
        expect(steering.interrupted).toBe(1)
      }).pipe(Effect.provide(client))
    ))

  it.live("does not touch what is no socket", () =>
    withFolder(({ listen, socket }) =>
      Effect.gen(function*() {
        Fs.writeFileSync(socket, "mine")
        expect(yield* Effect.flip(Effect.scoped(Layer.build(Layer.fresh(listen))))).toMatchObject({
          _tag: "StateFolderUnusable"
        })
        expect(Fs.readFileSync(socket, "utf8")).toBe("mine")
      })
    ))

  it.live("refuses a folder that others can reach, on both sides", () =>
    withFolder(({ client, folder, listen }) =>
      Effect.gen(function*() {
        Fs.chmodSync(folder, 0o755)
        const refusal = {
          _tag: "StateFolderUnusable",
          detail: "others can reach it (mode 0755)",
          fix: `Close it with: chmod 700 ${folder}`
        }
        expect(yield* Effect.flip(Effect.scoped(Layer.build(Layer.fresh(listen))))).toMatchObject(refusal)
        expect(yield* Effect.flip(Effect.provide(statusOf, client))).toMatchObject(refusal)
      })
    ))

  it.live("refuses a path of more than 100 bytes", () =>
    Effect.gen(function*() {
      const here = Layer.merge(scopeIn(`/${"é".repeat(50)}`), NodeServices.layer)
      const steering = yield* Doubles.steering
      const listen = ControlSocket.layer.pipe(Layer.provide(Doubles.server(steering)), Layer.provide(here))
      const exit = yield* Effect.exit(Effect.scoped(Layer.build(Layer.fresh(listen))))
      expect(Exit.isFailure(exit)).toBe(true)
      expect(yield* Effect.flip(Effect.scoped(Layer.build(Layer.fresh(listen))))).toMatchObject({
        _tag: "SocketPathTooLong",
        limit: 100
      })
    }))
})
