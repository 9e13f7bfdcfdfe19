/** What a process said in place of an answer, in words that tell its author what to change. */
import type { JsonObject } from "../../schemas/Json.ts"
import type { RequestId } from "../../schemas/JsonRpc.ts"
import { MAX_FRAME_BYTES } from "../rpc/LineSplitter.ts"
import { shown } from "./Shown.ts"

const MOST = 3

const isAnswer = (frame: JsonObject): boolean => "result" in frame || "error" in frame

/** The answer of a plugin that made another type of the id: it will never come under the right one. */
export const isMisnamed = (id: RequestId, asked: ReadonlySet<RequestId>) => (frame: JsonObject): boolean => {
  const other = frame["id"]
  const isId = typeof other === "string" || typeof other === "number"
  return isId && isAnswer(frame) && !asked.has(other) && String(other) === String(id)
}

export const misnamed = (id: RequestId, frame: JsonObject): string =>
  `request ${JSON.stringify(id)} was answered under the id ${JSON.stringify(frame["id"])}, which is another one: ` +
  `an id goes back as it came, a number as a number and a string as a string`

/** Writers put the id before the result, as a rule. */
export const beginsAnswerTo = (id: RequestId) => (head: string): boolean =>
  new RegExp(`"id": ?${JSON.stringify(id).replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&")}[,}]`).test(head)

export const tooLargeAnswer = (head: string): string =>
  `its answer is a line of more than ${MAX_FRAME_BYTES / 1024 / 1024} MiB, which hosts discard: ${shown(head)}`

const hint = (id: RequestId, frame: JsonObject): string | undefined => {
  if ("method" in frame && frame["id"] === id) {
    return "it sent a frame with `method` under that id: an answer has `id` and `result`, and no `method`"
  }
  if (isAnswer(frame) && frame["id"] === undefined) {
    return "it sent an answer without an id: an answer has the `id` of its request"
  }
  return undefined
}

/** `lines` is what came since the request was sent, frames or not. */
export const instead = (
  id: RequestId,
  frames: ReadonlyArray<JsonObject>,
  lines: ReadonlyArray<string>
): string => {
  const told = frames.map((frame) => hint(id, frame)).find((one) => one !== undefined)
  if (lines.length === 0) return "nothing came"
  const more = lines.length > MOST ? ` and ${lines.length - MOST} more` : ""
  const came = `instead came ${lines.slice(0, MOST).map(shown).join(" ; ")}${more}`
  return told === undefined ? came : `${told}; ${came}`
}
