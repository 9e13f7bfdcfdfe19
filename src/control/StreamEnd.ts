/** How a handler ends its stream with words for the subscriber: it fails with one of these. */
import { ControlError } from "../../schemas/control/ControlError.ts"

/** The reason, to the letter, that clients know a lost subscription by. */
export const BUFFER_FULL_LAGGED = "buffer_full_lagged"

/** Events were lost because the subscriber did not read them in time. */
export const lagged = () => new ControlError({ category: "unavailable", message: BUFFER_FULL_LAGGED })

/** Nothing more will come, and that is as it should be. */
export const ended = (reason: string) =>
  new ControlError({ category: "unavailable", message: reason, data: { ended: true } })

export const isEnded = (error: ControlError): boolean => error.data?.["ended"] === true
