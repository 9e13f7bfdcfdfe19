/** Switches in the environment, all read alike: set to anything but nothing, 0, false, no or off. */
const off: ReadonlySet<string> = new Set(["", "0", "false", "no", "off"])

export const isSet = (value: string | undefined): boolean => value !== undefined && !off.has(value.trim().toLowerCase())
