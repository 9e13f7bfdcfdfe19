/**
 * One invocation of `animus`, from its arguments to its exit code. Failures are rendered here and nowhere else: a line on
 * stderr for a person, an envelope with `--json`, and the exit code that the error's category stands for.
 */
import { Cause, Console, Effect, type Layer, Option, Runtime, Schema } from "effect"
import { CliError, CliOutput, Command } from "effect/cli"
import { Category } from "../../schemas/Category.ts"
import { animus } from "./Animus.ts"
import { type Failure, renderFailure } from "./Output.ts"
import { sanitize, sanitizeLine } from "./Sanitize.ts"

const codeOf: { readonly [exitCode: number]: string } = {
  1: "internal",
  2: "invalid_input",
  3: "not_found",
  4: "conflict",
  5: "unavailable"
}

const isCategorized = Schema.is(Schema.Struct({ category: Category, message: Schema.String }))
const detailsOf = Schema.decodeUnknownOption(Schema.Struct({ data: Schema.Record(Schema.String, Schema.Unknown) }))

const failureOf = (error: unknown): Failure => {
  const exitCode = Runtime.getErrorExitCode(error)
  const details = Option.getOrUndefined(detailsOf(error))?.data
  const message = isCategorized(error) || error instanceof Error ? error.message : String(error)
  return {
    code: codeOf[exitCode] ?? "internal",
    message: sanitize(message),
    exitCode,
    ...(details === undefined ? {} : { details })
  }
}

const isParseError = (error: unknown): error is CliError.ShowHelp =>
  CliError.isCliError(error) && error._tag === "ShowHelp"

/** The parser draws its suggestions below what is wrong. */
const inOneLine = (message: string): string => message.split(/\n{2,}/).map(sanitizeLine).join(". ")

const parseFailure = (
  problems: ReadonlyArray<string>,
  args: ReadonlyArray<string>,
  path: ReadonlyArray<string>
): Failure => {
  const said = problems.map(inOneLine).join("; ")
  return {
    code: "invalid_input",
    message: `${said}${/[.?!]$/.test(said) ? "" : "."} See: ${path.join(" ")} --help`,
    exitCode: 2,
    details: { stage: "parse", raw: args }
  }
}

/**
 * Help that was asked for goes to stdout; what was typed wrong is said on stderr, in one line. The help that a person gets for
 * half a command is none to a program: with `--json` that is typed wrong, too.
 */
const presenter = (args: ReadonlyArray<string>, json: boolean): CliOutput.Presenter => {
  const refuse = (problems: ReadonlyArray<string>, path: ReadonlyArray<string>) =>
    Console.error(renderFailure(parseFailure(problems, args, path), json))
  return {
    present: (event) => {
      if (event._tag === "InvalidInvocation") {
        return refuse(event.errors.map(({ message }) => message), event.commandPath)
      }
      const isHalf = json && event._tag === "Help" && event.reason === "Implicit"
      return isHalf
        ? refuse([`${event.commandPath.join(" ")} is no whole command`], event.commandPath)
        : CliOutput.defaultPresenter.present(event)
    }
  }
}

const report = (cause: Cause.Cause<unknown>, json: boolean) =>
  Effect.gen(function*() {
    if (Cause.hasInterruptsOnly(cause)) return 130
    const error = Cause.squash(cause)
    if (isParseError(error)) return error.errors.length === 0 && !json ? 0 : 2
    const failure = failureOf(error)
    yield* Console.error(renderFailure(failure, json))
    return failure.exitCode
  })

export const main = <A, E, R>(args: ReadonlyArray<string>, version: string, services: Layer.Layer<A, E, R>) => {
  const json = args.includes("--json")
  return Effect.promise(() => animus(services, args)).pipe(
    Effect.flatMap((command) => Command.runWith(command, { version })(args)),
    Effect.as(0),
    Effect.catchCause((cause) => report(cause, json)),
    Effect.provide(CliOutput.layerPresenter(presenter(args, json)))
  )
}
