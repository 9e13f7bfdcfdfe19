/**
 * What one read brought, in the order of the wire: runs of notifications, and after each run the frames that may only be
 * acted upon once it was handed over. An answer never overtakes the notifications before it.
 */
import type { Json } from "../../schemas/Json.ts"
import { isNotification, isRequest, type Notification, type Request } from "../../schemas/JsonRpc.ts"
import { type Garbage, garbage, type GarbageKind, isObject, tolerantFrames } from "./FrameAssembler.ts"
import { LineSplitter } from "./LineSplitter.ts"

/** An answer as it came; `result` and `error` are looked at when it is matched. */
export interface Answer {
  readonly _tag: "Answer"
  readonly id: Json | undefined
  readonly result: Json | undefined
  readonly error: Json | undefined
}

export type Act =
  | Answer
  | { readonly _tag: "Request"; readonly request: Request }
  | { readonly _tag: "Cancel"; readonly id: Json | undefined }
  /** An answer that is not read, for what `kind` says of it. */
  | { readonly _tag: "Dropped"; readonly id: number; readonly kind: GarbageKind }

export interface Step {
  /** About what was read for it: since the step before, so that a frame that came in pieces counts whole. */
  bytes: number
  readonly notifications: Array<Notification>
  readonly acts: Array<Act>
}

export interface Read {
  readonly steps: ReadonlyArray<Step>
  readonly garbage: ReadonlyArray<Garbage>
}

export const CANCEL_METHOD = "$/cancelRequest"

/** The id of an answer whose frame cannot be read, when it is where every writer puts it. */
const ANSWERED_ID =
  /^\s*\{\s*(?:"jsonrpc"\s*:\s*"2\.0"\s*,\s*)?"id"\s*:\s*(\d{1,15})\s*,\s*(?:"jsonrpc"\s*:\s*"2\.0"\s*,\s*)?"(?:result|error)"/

const cancelledId = (notification: Notification): Json | undefined => {
  const params = notification.params as Json | undefined
  return isObject(params) ? params["id"] : undefined
}

export class Intake {
  private steps: Array<Step> = []
  private garbage: Array<Garbage> = []
  private current: Step = { bytes: 0, notifications: [], acts: [] }
  /** Set once the current step starts work of the other side: what is notified later may only be seen later. */
  private sealed = false
  private unread = 0
  private readonly splitter: LineSplitter
  private readonly frames = tolerantFrames({
    frame: (value) => this.frame(value),
    garbage: (found) => this.skip(found)
  })

  constructor(maxFrameBytes: number) {
    this.splitter = new LineSplitter({
      line: (text) => this.frames.line(text),
      oversized: (head) => this.skip(garbage("too-large", head))
    }, maxFrameBytes)
  }

  read(chunks: ReadonlyArray<Uint8Array>): Read {
    for (const chunk of chunks) {
      this.unread += chunk.length
      this.splitter.push(chunk)
    }
    // Some writers never end their last line: a whole frame is acted upon, newline or not.
    const tail = this.splitter.unfinished()
    if (tail !== undefined && this.frames.complete(tail)) this.splitter.discard()
    return this.take()
  }

  end(): Read {
    this.splitter.end()
    this.frames.end()
    return this.take()
  }

  private take(): Read {
    this.nextStep()
    const read = { steps: this.steps, garbage: this.garbage }
    this.steps = []
    this.garbage = []
    return read
  }

  private nextStep(): void {
    const { acts, notifications } = this.current
    if (notifications.length === 0 && acts.length === 0) return
    this.current.bytes = this.unread
    this.unread = 0
    this.steps.push(this.current)
    this.current = { bytes: 0, notifications: [], acts: [] }
    this.sealed = false
  }

  private act(act: Act, seals: boolean): void {
    this.current.acts.push(act)
    if (seals) this.sealed = true
  }

  private frame(value: Json): void {
    if (!isObject(value) || value["jsonrpc"] !== "2.0") return this.refuse(value)
    if (isNotification(value)) {
      if (value.method === CANCEL_METHOD) return this.act({ _tag: "Cancel", id: cancelledId(value) }, false)
      if (this.sealed) this.nextStep()
      const { notifications } = this.current
      // V8 compiles a store in, and calls push: that is a fiftieth of what a notification costs.
      notifications[notifications.length] = value
    } else if (isRequest(value)) {
      this.act({ _tag: "Request", request: value }, true)
    } else if (value["method"] === undefined && ("result" in value || "error" in value || "id" in value)) {
      this.act({ _tag: "Answer", id: value["id"], result: value["result"], error: value["error"] }, false)
    } else this.refuse(value)
  }

  private refuse(value: Json): void {
    this.garbage.push(garbage("not-a-frame", JSON.stringify(value)))
  }

  private skip(found: Garbage): void {
    this.garbage.push(found)
    if (found.kind !== "too-large" && found.kind !== "too-deep") return
    const id = ANSWERED_ID.exec(found.text)?.[1]
    if (id !== undefined) this.act({ _tag: "Dropped", id: Number(id), kind: found.kind }, false)
  }
}
