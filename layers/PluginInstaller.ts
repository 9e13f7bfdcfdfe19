/** Everything that installing a plugin stands on, over the store in the user's folder. */
import { Layer } from "effect"
import { Installer } from "../src/install/Installer.ts"
import * as HostEnvironmentProcess from "./HostEnvironmentProcess.ts"
import * as PluginProcessChild from "./PluginProcessChild.ts"
import * as PluginSources from "./PluginSources.ts"
import * as PluginStoreFile from "./PluginStoreFile.ts"
import * as SignatureSigstore from "./SignatureSigstore.ts"

export const layer = Installer.layer.pipe(
  Layer.provide([PluginSources.layer, SignatureSigstore.layer, PluginProcessChild.layer, HostEnvironmentProcess.layer]),
  Layer.provideMerge(PluginStoreFile.layer)
)
