/**
 * Which frames of a provider belong to which of its live sessions: by the id the host minted, or by the provider's own as
 * soon as a frame or a resume told it. A frame that could be anybody's is nobody's. Pure but for what it remembers.
 */
import type { SessionId } from "../../schemas/Ids.ts"
import type { PluginNotification } from "../plugin/PluginHost.ts"

const text = (params: unknown, key: string): string | undefined => {
  if (typeof params !== "object" || params === null || !Object.hasOwn(params, key)) return undefined
  const value: unknown = Reflect.get(params, key)
  return typeof value === "string" && value.trim() !== "" ? value : undefined
}

/** The live sessions of one plugin, with the provider's own id of each that has one. */
export class SessionFrames {
  private readonly live = new Map<SessionId, string | undefined>()

  begin(session: SessionId, own: string | undefined): void {
    this.live.set(session, own)
  }

  end(session: SessionId): void {
    this.live.delete(session)
  }

  ownId(session: SessionId): string | undefined {
    return this.live.get(session)
  }

  private readonly ownerOf = ({ params }: PluginNotification): SessionId | undefined => {
    const id = text(params, "session_id")
    const control = text(params, "control_session_id")
    const named = [...this.live.keys()].find((session) => session === control || session === id)
    if (named !== undefined) {
      if (id !== undefined && id !== named) this.live.set(named, id)
      return named
    }
    if (id === undefined) return undefined
    const known = [...this.live].find(([, own]) => own === id)?.[0]
    if (known !== undefined) return known
    const [only, ...others] = [...this.live].filter(([, own]) => own === undefined)
    if (only === undefined || others.length > 0) return undefined
    this.live.set(only[0], id)
    return only[0]
  }

  owns(session: SessionId, frame: PluginNotification): boolean {
    return this.ownerOf(frame) === session
  }
}
