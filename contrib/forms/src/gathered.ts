// Octets that arrive in pieces and are wanted whole. One buffer that grows: a client may send each octet as a chunk of its own,
// and a list of such pieces would take a hundred times their size.

import { Buffer } from 'node:buffer';

export class Gathered {
  #memory: Buffer | null = null;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Takes a copy. */
  add(octets: Uint8Array): void {
    const size = this.#size + octets.length;
    if (this.#memory === null) this.#memory = Buffer.allocUnsafeSlow(size);
    else if (size > this.#memory.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(size, this.#memory.length * 2));
      larger.set(this.octets());
      this.#memory = larger;
    }
    this.#memory.set(octets, this.#size);
    this.#size = size;
  }

  /** All of them, in memory that is used again. */
  octets(): Uint8Array {
    return this.#memory?.subarray(0, this.#size) ?? Buffer.alloc(0);
  }
}
