/** A program that embeds the daemon with a session store of its own. */
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import * as Daemon from "animus/layers/Daemon"
import * as ScopePaths from "animus/layers/ScopePaths"
import { Effect, Layer } from "effect"
import { argv, cwd } from "node:process"
import { layer } from "./LogSessionStore.ts"

const scope = ScopePaths.layer({ cwd: cwd() }).pipe(Layer.provide(NodeServices.layer))

NodeRuntime.runMain(Daemon.runWith(layer(argv[2] ?? "runs.log")).pipe(Effect.provide(scope)))
