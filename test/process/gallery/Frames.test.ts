/** Rogues whose frames are not what they should be. */
import { assert, describe } from "@effect/vitest"
import { Effect } from "effect"
import { call, showTogether, watch } from "./Gallery.ts"

describe.concurrent("a plugin that, in its frames,", () => {
  showTogether([
    { rogue: "prints-garbage", promise: "is understood all the same", calls: ["answered", "answered"] },
    {
      rogue: "answers-beyond-16-mib",
      promise: "has refused that one call, and answers the next",
      calls: [["PluginRefused", "more than 16777216 bytes"], "answered"]
    },
    { rogue: "notifies-beyond-16-mib", promise: "loses those", calls: [["answered", "after the noise"]] },
    {
      rogue: "nests-100000-deep",
      promise: "has refused that one call, and answers the next",
      calls: [["PluginRefused", "more than 512 levels deep"], ["answered", "flat"]]
    },
    { rogue: "notifies-100000-deep", promise: "loses those", calls: [["answered", "flat"], "answered"] },
    {
      rogue: "answers-in-invalid-utf8",
      promise: "loses the damaged characters and no more",
      calls: [["answered", "caf\ufffd "]]
    },
    { rogue: "marks-every-line", promise: "is read past the mark", calls: [["answered", "marked"]] },
    {
      rogue: "ends-lines-with-crlf",
      promise: "is read to the end of the line",
      calls: [["answered", "\"returned\""]]
    },
    {
      rogue: "answers-over-many-lines",
      promise: "is put together, though the last line never ends",
      calls: [["answered", "spread {out"], "answered"]
    },
    { rogue: "answers-on-one-line", promise: "is taken apart", calls: [["answered", "side by side"]] },
    {
      rogue: "answers-twice",
      promise: "is taken at its first word",
      calls: [["answered", "first of"], ["answered", "first of"]]
    },
    {
      rogue: "answers-what-nobody-asked",
      promise: "answers nobody by it, now or later",
      calls: [["answered", "asked for"], ["answered", "asked for"]]
    },
    {
      rogue: "answers-with-string-ids",
      promise: "has answered another question",
      calls: ["RequestTimedOut", ["answered", "numbered"]]
    },
    {
      rogue: "errors-are-no-objects",
      promise: "has refused, whatever it meant to say",
      calls: ["boom", "17", "[]", "E_FAIL", "malformed", "true"].map((words) => ["PluginRefused", words])
    },
    {
      rogue: "answers-both-ways",
      promise: "has refused: no result is better than a doubtful one",
      calls: [["PluginRefused", "not done"]]
    },
    { rogue: "answers-neither-way", promise: "has answered with nothing", calls: [["answered", "null"]] },
    {
      rogue: "forgets-its-protocol",
      promise: "has said nothing",
      calls: ["RequestTimedOut", ["answered", "remembered"]]
    },
    {
      rogue: "answers-in-batches",
      promise: "has said nothing: plugins speak one frame at a time",
      calls: ["RequestTimedOut", ["answered", "alone"]]
    },
    {
      rogue: "asks-the-host",
      promise: "is told that there is no such method",
      calls: [["answered", "-32601"], ["answered", "-32601"]]
    },
    {
      rogue: "asks-with-our-ids",
      promise: "has not answered by asking",
      calls: [["answered", "still open"]]
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
