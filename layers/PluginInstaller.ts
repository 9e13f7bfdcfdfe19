/** Everything that installing a plugin stands on, over the store in the user's folder. */
import { Layer } from "effect"
import { Doctor } from "../src/install/Doctor.ts"
import { Installer } from "../src/install/Installer.ts"
import { Trust } from "../src/project/Trust.ts"
import * as HostEnvironmentProcess from "./HostEnvironmentProcess.ts"
import * as PluginProcessChild from "./PluginProcessChild.ts"
import * as PluginSources from "./PluginSources.ts"
import * as PluginStoreFile from "./PluginStoreFile.ts"
import * as SignatureSigstore from "./SignatureSigstore.ts"

export const layer = Layer.mergeAll(Installer.layer, Doctor.layer).pipe(
  Layer.provide([PluginSources.layer, SignatureSigstore.layer, PluginProcessChild.layer]),
  Layer.provide([HostEnvironmentProcess.layer, Trust.layer]),
  Layer.provideMerge(PluginStoreFile.layer)
)
