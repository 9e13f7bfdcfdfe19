/**
 * What a stranger wrote, made safe for a terminal: no control or escape characters, no characters that reorder text. Line
 * ends and tabs stay. Whatever an agent, a plugin or a subject says goes through here before it is printed.
 */

// C0 and C1 without tab and newline, DEL, and the characters of Unicode that change direction or hide text.
// oxlint-disable-next-line no-control-regex
const unsafe = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u061C\u200B-\u200F\u2028-\u202E\u2060-\u2069\uFEFF]/g

// Whole escape sequences go, so that no "[31m" is left behind: CSI, OSC up to its end, and short escapes.
// oxlint-disable-next-line no-control-regex
const escapes =
  /\u001B(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001B]*(?:\u0007|\u001B\\)?|[ -/]*[0-~])|\u009B[0-?]*[ -/]*[@-~]/g

export const sanitize = (text: string): string => text.replace(/\r\n?/g, "\n").replace(escapes, "").replace(unsafe, "")

/** The same characters as escapes, in the text of a JSON value: what is decoded from it is equal, and a terminal obeys none of it. */
export const escapeJson = (json: string): string =>
  json.replace(unsafe, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`)

/** For a table cell or a title: one line, whatever came. */
export const sanitizeLine = (text: string): string => sanitize(text).replace(/\s*\n\s*/g, " ").trim()
