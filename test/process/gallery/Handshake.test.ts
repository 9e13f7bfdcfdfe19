/** Rogues that get their start wrong. */
import { describe } from "@effect/vitest"
import { show, showTogether } from "./Gallery.ts"

describe.concurrent("a plugin that, at its start,", () => {
  showTogether([
    {
      rogue: "never-answers",
      promise: "costs its callers no more than their deadline",
      calls: ["RequestTimedOut", "RequestTimedOut"],
      unready: true
    },
    {
      rogue: "answers-initialize-twice",
      promise: "is taken at its first word",
      calls: [["answered", "once"], ["answered", "once"]]
    },
    {
      rogue: "other-version",
      promise: "is refused, and not started again",
      calls: [["ProtocolMismatch", "2.0.0"], "ProtocolMismatch"],
      state: "disabled",
      unready: true
    },
    {
      rogue: "version-is-no-version",
      promise: "is of another protocol",
      calls: [["ProtocolMismatch", "the latest"]],
      state: "disabled",
      unready: true
    },
    {
      rogue: "starts-slowly",
      promise: "is waited for up to the deadline",
      calls: [["answered", "awake"]],
      unready: true,
      deadline: 4_000
    },
    {
      rogue: "dribbles",
      promise: "is understood, byte by byte",
      calls: [["answered", "drop by drop"]]
    }
  ])

  show([
    {
      rogue: "exits-at-once",
      promise: "is a crash with its exit code and last words, each time",
      calls: [["PluginCrashed", "exit code 3"], ["PluginCrashed", "no license found"]],
      unready: true
    },
    {
      rogue: "is-not-there",
      promise: "is a crash that says so",
      calls: [["PluginCrashed", "no such file"]],
      unready: true
    },
    {
      rogue: "exits-after-initialize",
      promise: "was there, and is lost",
      calls: [["ConnectionLost", "exit code 0"]],
      unready: true
    },
    {
      rogue: "misshapes-its-hello",
      promise: "fails the handshake",
      calls: [["HandshakeFailed", "is not understood"]],
      unready: true
    },
    {
      rogue: "refuses-initialize",
      promise: "fails the handshake in its own words",
      calls: [["HandshakeFailed", "incompatible protocol major"]],
      unready: true
    },
    {
      rogue: "refuses-initialize-in-a-word",
      promise: "fails the handshake, though its error is none",
      calls: [["HandshakeFailed", "malformed error object"]],
      unready: true
    },
    {
      rogue: "dies-in-its-hello",
      promise: "is a crash",
      calls: [["PluginCrashed", "exit code 1"]],
      unready: true
    },
    {
      rogue: "closes-stdout-at-once",
      promise: "is lost, though it lives on",
      calls: [["ConnectionLost", "its process lives on"]],
      unready: true
    },
    {
      rogue: "changes-after-a-restart",
      promise: "is judged anew by what it says then",
      calls: ["ConnectionLost", "ProtocolMismatch"],
      state: "disabled"
    }
  ])
})
