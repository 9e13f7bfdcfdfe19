import { assert, describe, it } from "@effect/vitest"
import { makeRedactor, parseList, parsePatterns } from "../../src/log/Redaction.ts"

const gone = "***REDACTED***"

describe("redaction of texts", () => {
  const { text } = makeRedactor()
  const cases: ReadonlyArray<readonly [string, string]> = [
    ["api_key=abc123 rest", `api_key=${gone} rest`],
    ["API-KEY: abc123", `API-KEY=${gone}`],
    ["apikey = abc", `apikey=${gone}`],
    ["password=\"two words\" rest", `password=${gone} rest`],
    ["GITHUB_TOKEN=ghp_x and more", `GITHUB_TOKEN=${gone} and more`],
    ["secret:x", `secret=${gone}`],
    ["Authorization: Bearer xyz.abc", `authorization=${gone}`],
    ["Authorization: Digest username=\"u\", response=\"r\"\nHost: h", `authorization=${gone}\nHost: h`],
    ["curl -H 'Authorization: Bearer xyz' http://h", `curl -H 'authorization=${gone}' http://h`],
    ["sent Bearer abcdefgh12345", `sent Bearer ${gone}`],
    ["{\"api_key\": \"a b\", \"x\": 1}", `{"api_key": "${gone}", "x": 1}`],
    ["{\"authorization\":\"Bearer a b\"}", `{"authorization":"${gone}"}`],
    ["{\\\"access_token\\\":\\\"abc\\\"}", `{\\"access_token\\":\\"${gone}\\"}`],
    ["input_tokens=12 total_tokens: 30", "input_tokens=12 total_tokens: 30"],
    ["the token was refused", "the token was refused"],
    ["no secrets here", "no secrets here"]
  ]
  for (const [given, expected] of cases) {
    it(given, () => assert.strictEqual(text(given), expected))
  }

  it("redacting twice is redacting once", () => {
    for (const [given] of cases) assert.strictEqual(text(text(given)), text(given))
  })

  it("is quick on long texts without a secret", () => {
    const long = "authorization \"".repeat(20_000)
    const started = performance.now()
    text(long)
    assert.isBelow(performance.now() - started, 10_000)
  })
})

describe("redaction of data", () => {
  it("goes by the words of a key, and looks into every text", () => {
    const { data } = makeRedactor()
    assert.deepStrictEqual(
      data({
        apiKey: "a",
        "X-Api-Key": 7,
        accessToken: "a",
        input_tokens: 3,
        totalTokens: 4,
        tokenizer: "bpe",
        env: { DB_PASSWORD: ["p"], path: "token=abc" },
        list: ["secret=1", null, true]
      }),
      {
        apiKey: gone,
        "X-Api-Key": gone,
        accessToken: gone,
        input_tokens: 3,
        totalTokens: 4,
        tokenizer: "bpe",
        env: { DB_PASSWORD: gone, path: `token=${gone}` },
        list: [`secret=${gone}`, null, true]
      }
    )
  })

  it("takes the operator's keys instead of its own, and the operator's patterns in addition", () => {
    const { data, text } = makeRedactor({ keys: parseList(" pin, "), patterns: parsePatterns("acct-\\d+,(,zz") })
    assert.deepStrictEqual(data({ user_pin: "1", password: "kept" }), { user_pin: gone, password: "kept" })
    assert.strictEqual(text("acct-42 ZZ top"), `${gone} ${gone} top`)
  })
})
