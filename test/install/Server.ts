/** A web server on loopback whose answers a test writes; what was asked is kept. */
import { Effect } from "effect"
import { createHash } from "node:crypto"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"

type Answer = string | Uint8Array | ((request: IncomingMessage, response: ServerResponse) => void)

export const server = (answers: (address: string) => Readonly<Record<string, Answer>>) =>
  Effect.acquireRelease(
    Effect.promise(() =>
      new Promise<{ readonly address: string; readonly asked: Array<string>; readonly close: () => void }>(
        (resolve) => {
          const asked: Array<string> = []
          const http = createServer((request, response) => {
            const path = decodeURIComponent(request.url ?? "")
            asked.push(path)
            const answer = all[path]
            if (typeof answer === "function") return answer(request, response)
            response.statusCode = answer === undefined ? 404 : 200
            response.end(answer)
          }).listen(0, "127.0.0.1", () => {
            const found = http.address()
            const address = `http://127.0.0.1:${typeof found === "object" ? found?.port : ""}`
            all = answers(address)
            resolve({
              address,
              asked,
              close: () => {
                http.closeAllConnections()
                http.close()
              }
            })
          })
          let all: Readonly<Record<string, Answer>> = {}
        }
      )
    ),
    ({ close }) => Effect.sync(close)
  )

export const sha256 = (bytes: string | Uint8Array) => createHash("sha256").update(bytes).digest("hex")
