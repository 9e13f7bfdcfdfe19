/** Whether the bytes of a stream are UTF-8 without a byte order mark. Hosts read on, and lose what cannot be read. */
import { shown } from "./Shown.ts"

const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf]
const lossy = new TextDecoder()

const makeStrict = () => new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

export const makeUtf8Check = (tell: (trouble: string) => void) => {
  let strict = makeStrict()
  let isFirst = true
  return (chunk: Uint8Array): void => {
    if (isFirst && BYTE_ORDER_MARK.every((byte, at) => chunk[at] === byte)) {
      tell("a byte order mark before the first frame: write plain UTF-8")
    }
    isFirst = false
    try {
      strict.decode(chunk, { stream: true })
    } catch {
      tell(`bytes that are not UTF-8 (shown as \ufffd): ${shown(lossy.decode(chunk).trim())}`)
      strict = makeStrict()
    }
  }
}
