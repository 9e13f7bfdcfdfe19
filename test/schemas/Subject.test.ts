import { describe, expect, it } from "@effect/vitest"
import { Effect, Option, Schema } from "effect"
import {
  decodeListParams,
  decodeSubjectAnswer,
  decodeSubjectChanged,
  Subject,
  SubjectDispatch,
  subjectKey,
  SubjectPatch,
  SubjectRef
} from "../../schemas/Subject.ts"
import { roundTrip } from "./roundTrip.ts"

const bare = {
  id: "task:1",
  kind: "task",
  title: "Fix it",
  status: "ready",
  created_at: "2026-01-01T00:00:00Z",
  updated_at: "2026-01-01T00:00:00Z"
}
const subject = Schema.decodeUnknownSync(Subject)(bare)

describe("Subject", () => {
  it("keeps unknown keys, at any depth", () => {
    const wire = {
      ...bare,
      kind: "linear.issue",
      custom: { team: "x", n: null },
      attachments: [{ id: "a", kind: "log", uri: "file:///x", sha: "1" }],
      epic: { id: 3 }
    }
    expect(roundTrip(Subject, wire)).toEqual(wire)
  })
  it("reads missing and null lists as empty and does not write them", () => {
    expect([subject.labels, subject.children, subject.custom, subject.attachments]).toEqual([[], [], {}, []])
    expect(roundTrip(Subject, { ...bare, labels: null, custom: null, children: [], assignee: null })).toEqual(bare)
  })
  it("can be made from its mandatory keys", () => {
    expect(Subject.make({ ...bare, status: "ready" })).toEqual(subject)
  })
  it("needs a known status, times, and a priority from 0 to 4", () => {
    const decode = Schema.decodeUnknownSync(Subject)
    expect(() => decode({ ...bare, status: "in_progress" })).toThrow(/status/)
    expect(() => decode({ ...bare, updated_at: undefined })).toThrow(/updated_at/)
    for (const priority of [5, -1, 1.5, "NaN"]) expect(() => decode({ ...bare, priority })).toThrow(/priority/)
  })
  it.prop("survives the wire", [Subject], ([value]) => {
    const wire: unknown = JSON.parse(JSON.stringify(Schema.encodeSync(Subject)(value)))
    expect(wire).toMatchObject({ id: value.id, title: value.title, status: value.status })
    expect(roundTrip(Subject, wire)).toEqual(wire)
  })
})

describe("SubjectPatch", () => {
  it("tells keep, clear and set apart", () => {
    for (const wire of [{}, { assignee: null }, { assignee: "ada" }]) {
      expect(roundTrip(SubjectPatch, wire)).toEqual(wire)
    }
    expect("assignee" in Schema.decodeUnknownSync(SubjectPatch)({})).toBe(false)
  })
  it("keeps a null in custom: it deletes that key", () => {
    expect(roundTrip(SubjectPatch, { custom: { a: null } })).toEqual({ custom: { a: null } })
  })
})

describe("SubjectRef", () => {
  const decode = Schema.decodeUnknownSync(SubjectRef)
  const legacy: ReadonlyArray<readonly [unknown, SubjectRef]> = [
    [{ Task: { id: "TASK-1" } }, { kind: "animus.task", id: "TASK-1", labels: [], metadata: {} }],
    [{ Requirement: { id: "R-1" } }, { kind: "animus.requirement", id: "R-1", labels: [], metadata: {} }],
    [
      { Custom: { title: "schedule:nightly", description: "d" } },
      { kind: "custom", id: "schedule:nightly", title: "schedule:nightly", description: "d", labels: [], metadata: {} }
    ]
  ]
  it("reads and writes the legacy form of built-in kinds", () => {
    for (const [wire, ref] of legacy) {
      expect(decode(wire)).toEqual(ref)
      expect(Schema.encodeSync(SubjectRef)(ref)).toEqual(wire)
    }
  })
  it("reads the flat form of a built-in kind", () => {
    expect(decode({ kind: "animus.task", id: "TASK-1" })).toEqual(legacy[0]?.[1])
  })
  it("writes flat what the legacy form cannot carry", () => {
    const flat = [
      { kind: "issue", id: "1", labels: [], metadata: {} },
      { kind: "animus.task", id: "1", labels: ["a"], metadata: {} },
      { kind: "animus.task", id: "1", labels: [], metadata: { a: 1 } },
      { kind: "animus.task", id: "1", title: "t", labels: [], metadata: {} },
      { kind: "custom", id: "trigger:x", title: "Push", labels: [], metadata: {} }
    ]
    for (const wire of flat) expect(roundTrip(SubjectRef, wire)).toEqual(wire)
  })
  it.prop("survives the wire, in whichever form", [SubjectRef], ([ref]) => {
    const back = decode(JSON.parse(JSON.stringify(Schema.encodeSync(SubjectRef)(ref))))
    const { description, ...rest } = ref
    const blank = ref.kind === "custom" && description === ""
    // JSON has no -0: compare with what text can hold
    expect(back).toEqual(JSON.parse(JSON.stringify(blank ? rest : ref)))
  })
  it("gives the key that two dispatches of one subject share", () => {
    expect(legacy.map(([, ref]) => subjectKey(ref))).toEqual(["TASK-1", "R-1", "schedule:nightly"])
    expect(subjectKey(decode({ kind: "issue", id: "7" }))).toBe("issue::7")
  })
})

describe("SubjectDispatch", () => {
  it("is written with its reference in the legacy form", () => {
    const dispatch = SubjectDispatch.make({
      subject: { kind: "animus.task", id: "TASK-1", labels: [], metadata: {} },
      workflow_ref: "standard",
      trigger_source: "operator",
      requested_at: "2026-01-01T00:00:00Z"
    })
    expect(Schema.encodeSync(SubjectDispatch)(dispatch)).toEqual({
      subject: { Task: { id: "TASK-1" } },
      workflow_ref: "standard",
      vars: {},
      trigger_source: "operator",
      requested_at: "2026-01-01T00:00:00Z"
    })
  })
})

describe("where backends disagree", () => {
  it.effect("list params are read flat, wrapped or missing", () =>
    Effect.gen(function*() {
      const filter = { kind: ["task"], status: ["ready"] }
      expect(yield* decodeListParams(filter)).toEqual(filter)
      expect(yield* decodeListParams({ filter })).toEqual(filter)
      const empty = { status: [], assignee: [], labels_any: [], labels_all: [], kind: null }
      for (const none of [undefined, null, {}, { filter: null }, empty, { filter: empty }]) {
        expect(yield* decodeListParams(none)).toEqual({})
      }
      expect(yield* Effect.isFailure(decodeListParams({ filter: { status: "ready" } }))).toBe(true)
    }).pipe(Effect.orDie))

  it.effect("an answer is a subject bare, wrapped, or none", () =>
    Effect.gen(function*() {
      const keyed = { ...bare, subject: "mathematics" }
      expect(yield* decodeSubjectAnswer(bare)).toEqual(Option.some(subject))
      expect(yield* decodeSubjectAnswer({ subject: bare })).toEqual(Option.some(subject))
      expect(Option.getOrThrow(yield* decodeSubjectAnswer(keyed))).toHaveProperty("subject", "mathematics")
      for (const none of [undefined, null, {}, { subject: null }]) {
        expect(yield* decodeSubjectAnswer(none)).toEqual(Option.none())
      }
      for (const wrong of [3, "x", [], { title: "x" }, { subject: { title: "x" } }]) {
        expect([wrong, Option.isNone(yield* Effect.option(decodeSubjectAnswer(wrong)))]).toEqual([wrong, true])
      }
    }).pipe(Effect.orDie))

  it.effect("a change is under data or beside the watch id", () =>
    Effect.gen(function*() {
      const event = { id: "task:1", change_kind: "repainted", subject: bare, by: "ada" }
      const data = { ...event, subject }
      expect(yield* decodeSubjectChanged({ id: 7, data: event })).toEqual({ id: 7, data })
      expect(yield* decodeSubjectChanged({ ...event, id: "7" })).toEqual({ id: "7", data })
      expect(yield* Effect.isFailure(decodeSubjectChanged({ id: 7 }))).toBe(true)
      expect(yield* Effect.isFailure(decodeSubjectChanged(null))).toBe(true)
    }).pipe(Effect.orDie))
})
