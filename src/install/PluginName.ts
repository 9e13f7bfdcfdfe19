/** What a plugin may be called: typed on a command line, printed, and part of no path by itself. Pure. */

const NAME = /^[A-Za-z0-9@][A-Za-z0-9@._/-]{0,127}$/

export const isPluginName = (name: string): boolean =>
  NAME.test(name) && name.split("/").every((part) => part !== "" && part !== "." && part !== "..")
