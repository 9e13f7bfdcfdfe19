/**
 * Plays programs one after the other in this process, each with an input, an output and an end of its own, so that what they all
 * import is loaded once. A line is `begin FILE`, `end`, which closes the input, or what the program is to read; each end is told
 * as `exited CODE`.
 */
import { createInterface } from "node:readline"
import { PassThrough } from "node:stream"

const { stdin, stdout } = process

const begin = async (file: string): Promise<PassThrough> => {
  const input = new PassThrough()
  const output = new PassThrough()
  output.pipe(stdout, { end: false })
  const exit = (code = 0) => void output.end(`exited ${code}\n`)
  for (const [name, value] of Object.entries({ stdin: input, stdout: output, exit })) {
    Object.defineProperty(process, name, { value, configurable: true })
  }
  await import(file)
  return input
}

let input = new PassThrough()
for await (const line of createInterface({ input: stdin })) {
  const [, file] = /^begin (.+)$/.exec(line) ?? []
  if (file !== undefined) input = await begin(file)
  else if (line === "end") input.end()
  else input.write(`${line}\n`)
}
