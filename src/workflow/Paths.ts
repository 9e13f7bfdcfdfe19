/** Paths as files of a project write them. */

/** Whether it could lead out of the folder that it is relative to. */
export const escapes = (path: string): boolean =>
  /^([/\\~]|[A-Za-z]:)/.test(path) || path.split(/[/\\]/).includes("..") || path.includes("\0")
