/** Rogues whose frames are not what they should be. */
import { assert, describe } from "@effect/vitest"
import { Effect } from "effect"
import { call, show, watch } from "./Gallery.ts"

describe.concurrent("a plugin that, in its frames,", () => {
  show([
    { rogue: "prints-garbage", promise: "is understood all the same", calls: ["answered", "answered"] },
    {
      rogue: "answers-beyond-16-mib",
      promise: "has refused that one call, and answers the next",
      calls: ["PluginRefused", "answered"],
      says: ["more than 16777216 bytes"]
    },
    { rogue: "notifies-beyond-16-mib", promise: "loses those", calls: ["answered"], says: ["after the noise"] },
    {
      rogue: "nests-100000-deep",
      promise: "has refused that one call, and answers the next",
      calls: ["PluginRefused", "answered"],
      says: ["more than 512 levels deep", "flat"]
    },
    { rogue: "notifies-100000-deep", promise: "loses those", calls: ["answered", "answered"], says: ["flat"] },
    {
      rogue: "answers-in-invalid-utf8",
      promise: "loses the damaged characters and no more",
      calls: ["answered"],
      says: ["caf\ufffd "]
    },
    { rogue: "marks-every-line", promise: "is read past the mark", calls: ["answered"], says: ["marked"] },
    {
      rogue: "ends-lines-with-crlf",
      promise: "is read to the end of the line",
      calls: ["answered"],
      says: ["\"returned\""]
    },
    {
      rogue: "answers-over-many-lines",
      promise: "is put together, though the last line never ends",
      calls: ["answered", "answered"],
      says: ["spread {out"]
    },
    { rogue: "answers-on-one-line", promise: "is taken apart", calls: ["answered"], says: ["side by side"] },
    {
      rogue: "answers-twice",
      promise: "is taken at its first word",
      calls: ["answered", "answered"],
      says: ["first of", "first of"]
    },
    {
      rogue: "answers-what-nobody-asked",
      promise: "answers nobody by it, now or later",
      calls: ["answered", "answered"],
      says: ["asked for", "asked for"]
    },
    {
      rogue: "answers-with-string-ids",
      promise: "has answered another question",
      calls: ["RequestTimedOut", "answered"],
      says: ["", "numbered"]
    },
    {
      rogue: "errors-are-no-objects",
      promise: "has refused, whatever it meant to say",
      calls: Array.from({ length: 6 }, () => "PluginRefused" as const),
      says: ["boom", "17", "[]", "E_FAIL", "malformed", "true"]
    },
    {
      rogue: "answers-both-ways",
      promise: "has refused: no result is better than a doubtful one",
      calls: ["PluginRefused"],
      says: ["not done"]
    },
    { rogue: "answers-neither-way", promise: "has answered with nothing", calls: ["answered"], says: ["null"] },
    {
      rogue: "forgets-its-protocol",
      promise: "has said nothing",
      calls: ["RequestTimedOut", "answered"],
      says: ["", "remembered"]
    },
    {
      rogue: "answers-in-batches",
      promise: "has said nothing: plugins speak one frame at a time",
      calls: ["RequestTimedOut", "answered"],
      says: ["", "alone"]
    },
    {
      rogue: "asks-the-host",
      promise: "is told that there is no such method",
      calls: ["answered", "answered"],
      says: ["-32601", "-32601"]
    },
    {
      rogue: "asks-with-our-ids",
      promise: "has not answered by asking",
      calls: ["answered"],
      says: ["still open"]
    },
    {
      rogue: "speaks-in-escapes",
      promise: "has refused, and nothing more",
      calls: ["PluginRefused", "PluginRefused"]
    }
  ])

  watch("answers-with-prototypes", "changes no object but its answer", (host) =>
    Effect.gen(function*() {
      assert.include(JSON.stringify(yield* call(host)), "polluted")
      assert.notProperty({}, "polluted")
      assert.notProperty([], "polluted")
    }))
})
