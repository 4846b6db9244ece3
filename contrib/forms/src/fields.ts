// Names and values in their order. Kept in a Map: no name, `__proto__` included, means anything but itself.

/** The text fields of a form or of a query. */
export class Fields implements Iterable<[name: string, value: string]> {
  readonly #values = new Map<string, string[]>();
  readonly #entries: [string, string][] = [];

  /** @internal */
  constructor(entries: Iterable<readonly [string, string]> = []) {
    for (const [name, value] of entries) {
      this.#entries.push([name, value]);
      const values = this.#values.get(name);
      if (values === undefined) this.#values.set(name, [value]);
      else values.push(value);
    }
  }

  /** The first value of this name. */
  get(name: string): string | undefined {
    return this.#values.get(name)?.[0];
  }

  /** All values of this name, in the order of the form. */
  getAll(name: string): string[] {
    return [...(this.#values.get(name) ?? [])];
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  /** Each name once. */
  names(): string[] {
    return [...this.#values.keys()];
  }

  /** How many fields there are, repeated ones counted each time. */
  get size(): number {
    return this.#entries.length;
  }

  /** All fields in their order, repeated ones each time. */
  *[Symbol.iterator](): IterableIterator<[name: string, value: string]> {
    for (const [name, value] of this.#entries) yield [name, value];
  }
}
