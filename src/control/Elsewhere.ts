/**
 * Methods of the control protocol that are the command line's here: what installs programs, or outlives the daemon, is not done by
 * it. A client hears that they are known and not served, and what to type.
 */
import { ControlError } from "../../schemas/control/ControlError.ts"

const commands: ReadonlyMap<string, string> = new Map([
  ["daemon/restart", "animus daemon stop && animus daemon start"],
  ["plugin/install", "animus plugin install SOURCE"],
  ["plugin/uninstall", "animus plugin uninstall NAME"],
  ["plugin/update", "animus plugin update NAME"],
  ["plugin/search", "animus plugin list"],
  ["plugin/browse", "animus plugin list"],
  ["project/init", "animus init"],
  ["project/setup", "animus init"],
  ["project/status", "animus status"]
])

/** Undefined for what the protocol does not name. */
export const elsewhere = (method: string): ControlError | undefined => {
  const command = commands.get(method)
  if (command === undefined) return undefined
  const message = `${method} is not served over the control socket. Type: ${command}`
  return new ControlError({ category: "not_supported", message })
}
