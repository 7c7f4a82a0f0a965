/** A byte array that doubles as it fills, for counts that a stream does not tell beforehand. */
export class GrowingBytes {
  #bytes: Uint8Array;
  length = 0;

  constructor(initial: number) {
    this.#bytes = new Uint8Array(initial);
  }

  /** Makes room for `count` more bytes, counts them as used and returns the whole buffer to write into. */
  grow(count: number): Uint8Array {
    const needed = this.length + count;
    if (needed > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.length = needed;
    return this.#bytes;
  }

  push(value: number): void {
    this.grow(1)[this.length - 1] = value;
  }

  take(): Uint8Array {
    return this.#bytes.slice(0, this.length);
  }
}
