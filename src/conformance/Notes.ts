/**
 * What is seen of a plugin's frames whatever is asked: lines that are no frames, and frames that do not fit their schema.
 * Bounded, and each trouble once.
 */
import { Exit, Option, Schema } from "effect"
import type { Json, JsonObject } from "../../schemas/Json.ts"
import { ErrorObject, isRequestId } from "../../schemas/JsonRpc.ts"
import { MAX_FRAME_BYTES } from "../rpc/LineSplitter.ts"
import { notificationParams } from "./Codecs.ts"
import { shown } from "./Shown.ts"

const MOST = 10

export interface Notes {
  /** Lines of stdout that are not JSON objects. */
  readonly impure: Set<string>
  /** Frames that are JSON and still wrong. */
  readonly unfit: Set<string>
}

export const makeNotes = (): Notes => ({ impure: new Set(), unfit: new Set() })

const note = (into: Set<string>, text: string): void => {
  if (into.size < MOST) into.add(text)
}

const decodeError = Schema.decodeUnknownExit(ErrorObject)

const parse = (line: string): Json | undefined => Option.getOrUndefined(parseOption(line))
const parseOption = Option.liftThrowable((line: string): Json => JSON.parse(line))

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** Looks at every line of one process. */
export class Examiner {
  private readonly asked = new Set<string | number>()
  private readonly answered = new Set<string | number>()
  private readonly notes: Notes

  constructor(notes: Notes) {
    this.notes = notes
  }

  /** An id the plugin may answer. */
  sent(id: string | number): void {
    this.asked.add(id)
  }

  get ids(): ReadonlySet<string | number> {
    return this.asked
  }

  /** Something on stdout that no reader of lines can take for a frame. */
  impure(trouble: string): void {
    note(this.notes.impure, trouble)
  }

  oversized(head: string): void {
    this.impure(`a line of more than ${MAX_FRAME_BYTES / 1024 / 1024} MiB, which hosts discard: ${shown(head)}`)
  }

  /** The frame of a line, when it is one. */
  line(text: string): JsonObject | undefined {
    if (text.trim() === "") return undefined
    const value = parse(text)
    if (!isObject(value)) {
      this.impure(shown(text))
      return undefined
    }
    const trouble = this.trouble(value)
    if (trouble !== undefined) note(this.notes.unfit, `${trouble}: ${shown(text)}`)
    return value
  }

  private trouble(frame: JsonObject): string | undefined {
    if (frame["jsonrpc"] !== "2.0") return "`jsonrpc` must be \"2.0\""
    return "method" in frame ? this.inNotification(frame) : this.inAnswer(frame)
  }

  private inNotification({ id, method, params }: JsonObject): string | undefined {
    if (typeof method !== "string") return "`method` must be a string"
    if (id !== undefined) return `${method} has an id, but a plugin cannot ask the host: the frame vanishes`
    const decode = notificationParams.get(method)
    if (decode === undefined) return undefined
    const read = decode(params)
    return Exit.isFailure(read) ? `the params of ${method} do not fit: ${reasonOf(read)}` : undefined
  }

  private inAnswer(frame: JsonObject): string | undefined {
    const { error, id } = frame
    // Many programs write the absent one of the two as null.
    const hasError = error !== undefined && error !== null
    if (hasError && frame["result"] !== undefined && frame["result"] !== null) {
      return "an answer has one of `result` and `error`, and this one has both"
    }
    if (!hasError && !("result" in frame)) return "an answer has `result` or `error`, and this one has neither"
    if (hasError) {
      const read = decodeError(error)
      if (Exit.isFailure(read)) return `\`error\` does not fit: ${reasonOf(read)}`
    }
    // What could not be read has no id to answer under.
    if ((id === null || id === undefined) && hasError) return undefined
    if (!isRequestId(id)) return "an answer has the `id` of its request"
    if (!this.asked.has(id)) return `${JSON.stringify(id)} is the id of no request`
    if (this.answered.has(id)) return `request ${JSON.stringify(id)} is answered twice`
    this.answered.add(id)
    return undefined
  }
}

/** The first line names the field, the rest repeats the value. */
export const reasonOf = (exit: Exit.Exit<unknown, Schema.SchemaError>): string =>
  Exit.match(exit, {
    onSuccess: () => "",
    onFailure: (cause) =>
      cause.reasons.flatMap((reason) => "error" in reason ? [reason.error.message] : []).join("; ").replaceAll(
        /\s*\n\s*/g,
        " "
      )
  })
