/** Where a scenario's items come from. The same items at the same indexes, however often it is read. */
export interface Input {
  /** Items [from, to) in order; ends early if there are fewer. Generators seek at once, files and modules stream and skip. */
  items(from: number, to: number): AsyncIterable<unknown>
  reader(): ItemReader
  /**
   * sha256 (hex) over the first `count` items; generators hash their parameters instead of producing items.
   * @param options Told how far it is; lets the process do other things now and then.
   * @throws {InputTooShortError} if there are fewer than `count`.
   * @throws {InputError} if one of them is broken.
   */
  hash(count: number, options?: Hashing): Promise<string>
}

export interface Hashing {
  onItems?: ((count: number) => void) | undefined
  /** Of a file: told how many bytes have been read. */
  onBytes?: ((count: number) => void) | undefined
  /** Ends it, with its reason. */
  signal?: AbortSignal | undefined
}

/** Hands out ranges of one input. Cheap while they ascend: one stream stays open, and is opened anew only to go back. */
export interface ItemReader {
  /** Items [from, from + count), or fewer at the end of the input. Calls may overlap; they are served in order. */
  read(from: number, count: number): Promise<unknown[]> | unknown[]
  /** Lets go of the stream. A later `read` opens it again. */
  close(): Promise<void>
}

/** What a file or a module has to offer to become an input. */
export interface ItemSource {
  /** How messages call it. */
  readonly name: string
  /** All items from index `from` on, read anew at each call. Leaving it early frees what it holds. */
  stream(from: number, onBytes?: (count: number) => void): AsyncIterable<unknown>
}
