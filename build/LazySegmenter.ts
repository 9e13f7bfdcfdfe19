/**
 * Takes the place of `Intl.Segmenter` in the programs: effect/cli makes one while it is loaded, which reads ICU's tables and
 * takes longer than everything else a short command does. This one is made when the first help page is laid out.
 */
export class LazySegmenter {
  readonly #make: () => Intl.Segmenter
  #made: Intl.Segmenter | undefined

  constructor(...options: ConstructorParameters<typeof Intl.Segmenter>) {
    this.#make = () => new globalThis.Intl.Segmenter(...options)
  }

  segment(text: string): Intl.Segments {
    this.#made ??= this.#make()
    return this.#made.segment(text)
  }
}
