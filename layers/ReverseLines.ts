/** The lines of a file from the last to the first, without ever holding more than a block and a line of it. */
import * as Fs from "node:fs/promises"

const BLOCK = 64 * 1024
const NEWLINE = 0x0a

/** The whole lines in front of `end`; an unfinished last one is left out. Nothing when there is no such file. */
export async function* reverseLines(path: string): AsyncGenerator<string> {
  const file = await Fs.open(path, "r").catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT") return undefined
    throw cause
  })
  if (file === undefined) return
  try {
    let position = (await file.stat()).size
    // Pieces of the line that began before the blocks read so far, last piece first; undefined before the first newline.
    let pieces: Array<Buffer> | undefined
    while (position > 0) {
      const length = Math.min(BLOCK, position)
      position -= length
      const { bytesRead, buffer } = await file.read(Buffer.alloc(length), 0, length, position)
      let end = bytesRead
      for (
        let at = buffer.lastIndexOf(NEWLINE, end - 1);
        at >= 0;
        at = end === 0 ? -1 : buffer.lastIndexOf(NEWLINE, end - 1)
      ) {
        if (pieces !== undefined) yield joined(pieces, buffer.subarray(at + 1, end))
        pieces = []
        end = at
      }
      pieces?.push(buffer.subarray(0, end))
    }
    if (pieces !== undefined) yield joined(pieces, Buffer.alloc(0))
  } finally {
    await file.close()
  }
}

const joined = (later: ReadonlyArray<Buffer>, first: Buffer): string =>
  Buffer.concat([first, ...later.toReversed()]).toString("utf8")
