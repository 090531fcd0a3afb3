// @ts-check
// What was computed last, within a limit of bytes; the least recently used goes first.

/** @template T */
export class Kept {
  /** @param {number} limit bytes */
  constructor(limit) {
    this.limit = limit;
    this.bytes = 0;
    /** @type {Map<string, { value: Promise<T>, bytes: number }>} */
    this.found = new Map();
  }

  /**
   * What is kept under a key, or else what is made and kept then.
   * @param {string} key
   * @param {() => Promise<T>} make
   * @param {(value: T) => number} bytesOfValue
   * @returns {Promise<T>}
   */
  async get(key, make, bytesOfValue) {
    const known = this.found.get(key);
    if (known) {
      this.found.delete(key);
      this.found.set(key, known);
      return known.value;
    }
    const entry = { value: make(), bytes: 0 };
    this.found.set(key, entry);
    try {
      entry.bytes = bytesOfValue(await entry.value);
    } catch (failure) {
      this.found.delete(key);
      throw failure;
    }
    this.bytes += entry.bytes;
    for (const [old, { bytes }] of this.found) {
      if (this.bytes <= this.limit || old === key) break;
      this.found.delete(old);
      this.bytes -= bytes;
    }
    return entry.value;
  }
}
