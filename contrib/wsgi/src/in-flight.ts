// The requests that a worker has and has not answered, by the number that each has there. Not a Map: one in which entries come and
// go makes itself anew now and then, and each old self keeps the next one, and so its requests, alive until the next full collection.

import type { Call } from './call.ts';

const LAST_ID = 0xffff_ffff;

export class InFlight {
  /** A power of two of them; a request is in the one with the lowest bits of its number. */
  #slots: (Call | null)[] = new Array(64).fill(null);
  #size = 0;
  #lastId: number;

  constructor(lastId = 0) {
    this.#lastId = lastId;
  }

  get size(): number {
    return this.#size;
  }

  /** HOT. Gives a request a number that no other one has had lately. 0 stands for no request. */
  add(call: Call): number {
    if (2 * this.#size >= this.#slots.length) this.#grow();
    const slots = this.#slots;
    const mask = slots.length - 1;
    let id = this.#lastId;
    do {
      id = id === LAST_ID ? 1 : id + 1;
    } while (slots[id & mask] !== null);
    this.#lastId = id;
    slots[id & mask] = call;
    call.id = id;
    this.#size += 1;
    return id;
  }

  /** HOT. */
  get(id: number): Call | undefined {
    const call = this.#slots[id & (this.#slots.length - 1)];
    return call?.id === id ? call : undefined;
  }

  /** HOT. @returns whether it was there */
  delete(id: number): boolean {
    if (this.get(id) === undefined) return false;
    this.#slots[id & (this.#slots.length - 1)] = null;
    this.#size -= 1;
    return true;
  }

  /** In the order in which they were added. */
  inOrder(): Call[] {
    const age = (call: Call): number => (this.#lastId - call.id) >>> 0;
    return this.#slots
      .filter((call): call is Call => call !== null)
      .sort((one, other) => age(other) - age(one));
  }

  clear(): void {
    this.#slots.fill(null);
    this.#size = 0;
  }

  /** Numbers that differed in their lowest bits still do when one bit more is looked at. */
  #grow(): void {
    const slots: (Call | null)[] = new Array(2 * this.#slots.length).fill(null);
    for (const call of this.#slots) if (call !== null) slots[call.id & (slots.length - 1)] = call;
    this.#slots = slots;
  }
}
