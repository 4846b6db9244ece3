// Chance that can be repeated: the same seed gives the same cases on every machine.

export class Random {
  #state: number;

  /** @param seed any integers; equal ones give equal rows */
  constructor(...seed: number[]) {
    this.#state = 0x9e3779b9;
    for (const part of seed) {
      // Neighbours must have nothing in common, so what comes out goes in again.
      this.#state = this.#next() ^ Math.imul(part >>> 0, 0x85ebca6b);
      this.#state = this.#next();
    }
  }

  /** mulberry32. */
  #next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }

  /** An integer from 0 to below `end`. */
  below(end: number): number {
    return this.#next() % end;
  }

  /** An integer, both ends included. */
  between(first: number, last: number): number {
    return first + this.below(last - first + 1);
  }

  /** Whether something that happens once in `times` happens. */
  oneIn(times: number): boolean {
    return this.below(times) === 0;
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T;
  }

  /** A string of characters of `alphabet`. */
  text(length: number, alphabet: string): string {
    let text = '';
    for (let at = 0; at < length; at += 1) text += alphabet[this.below(alphabet.length)];
    return text;
  }

  /** Any octets, one code point each. */
  octets(length: number): string {
    let octets = '';
    for (let at = 0; at < length; at += 1) octets += String.fromCharCode(this.below(256));
    return octets;
  }

  /** A length that is mostly small and now and then up to `most`. */
  length(most: number): number {
    const scale = this.pick([4, 4, 16, 16, 64, 256, most]);
    return this.below(Math.min(scale, most) + 1);
  }
}
