/** What installs plugins and looks after them. Behind a service, so that only the commands that need it load it. */
import { Context, Effect, type Scope } from "effect"
import type { Doctor } from "../install/Doctor.ts"
import type { Installer } from "../install/Installer.ts"
import type { PluginStore } from "../lock/PluginStore.ts"

type Tools = Doctor | Installer | PluginStore

export class PluginTools extends Context.Service<PluginTools, {
  readonly open: Effect.Effect<Context.Context<Tools>, never, Scope.Scope>
}>()("animus/cli/PluginTools") {}

export const withPluginTools = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.flatMap(PluginTools, ({ open }) => Effect.flatMap(open, (tools) => Effect.provideContext(effect, tools))).pipe(
    Effect.scoped
  )
