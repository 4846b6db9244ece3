// The syntax of `Forwarded` (RFC 7239 4), nothing of its meaning.

import { Refused } from './refused.ts';

/** What one proxy says of the connection on which it got the request: parameters by their names in lower case. */
export type ForwardedElement = ReadonlyMap<string, string>;

const SPACE = 0x20;
const TAB = 0x09;
const QUOTE = 0x22;
const COMMA = 0x2c;
const SEMICOLON = 0x3b;
const EQUALS = 0x3d;
const BACKSLASH = 0x5c;

/** 1 for the octets of a token (RFC 9110 5.6.2). */
const tokenOctets = new Uint8Array(256);
for (const character of "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") {
  tokenOctets[character.charCodeAt(0)] = 1;
}

/**
 * Reads the elements of all field lines, the one of the nearest proxy last. Lines are read one by one: were they joined, a
 * quote that a client leaves open in its own line would swallow what the proxy says in the next one.
 * @throws {Refused} for bad syntax anywhere, also in what a client has written: nobody can tell where that ends then
 */
export function parseForwarded(lines: readonly string[]): ForwardedElement[] {
  const elements: ForwardedElement[] = [];
  for (const line of lines) new Reader(line).readInto(elements);
  return elements;
}

class Reader {
  readonly #line: string;
  #at = 0;

  constructor(line: string) {
    this.#line = line;
  }

  readInto(elements: ForwardedElement[]): void {
    while (this.#at <= this.#line.length) {
      const element = this.#element();
      // RFC 9110 5.6.1: empty members of a list are skipped.
      if (element.size > 0) elements.push(element);
      this.#at += 1;
    }
  }

  /** Ends at a comma or at the end of the line. */
  #element(): ForwardedElement {
    const pairs = new Map<string, string>();
    for (;;) {
      this.#skipBlanks();
      if (!this.#is(SEMICOLON) && !this.#is(COMMA) && !this.#ended) this.#pair(pairs);
      this.#skipBlanks();
      if (this.#ended || this.#is(COMMA)) return pairs;
      if (!this.#is(SEMICOLON)) throw bad('something other than "," or ";" behind a value');
      this.#at += 1;
    }
  }

  #pair(pairs: Map<string, string>): void {
    const name = this.#token('a parameter has no name').toLowerCase();
    if (!this.#is(EQUALS)) throw bad('a parameter has no "=" behind its name');
    this.#at += 1;
    const value = this.#is(QUOTE)
      ? this.#quoted()
      : this.#token('a parameter has no value, or one that needs quotes');
    // RFC 7239 4: each parameter at most once in an element.
    if (pairs.has(name)) throw bad('a parameter is there twice in one element');
    pairs.set(name, value);
  }

  #token(problem: string): string {
    const start = this.#at;
    while (tokenOctets[this.#line.charCodeAt(this.#at)] === 1) this.#at += 1;
    if (this.#at === start) throw bad(problem);
    return this.#line.slice(start, this.#at);
  }

  /** RFC 9110 5.6.4. */
  #quoted(): string {
    let value = '';
    this.#at += 1;
    while (!this.#is(QUOTE)) {
      if (this.#is(BACKSLASH)) this.#at += 1;
      if (this.#ended) throw bad('a quoted value does not end');
      value += this.#line[this.#at];
      this.#at += 1;
    }
    this.#at += 1;
    return value;
  }

  #skipBlanks(): void {
    while (this.#is(SPACE) || this.#is(TAB)) this.#at += 1;
  }

  #is(code: number): boolean {
    return this.#line.charCodeAt(this.#at) === code;
  }

  get #ended(): boolean {
    return this.#at >= this.#line.length;
  }
}

function bad(problem: string): Refused {
  return new Refused(`The Forwarded field can't be read: ${problem}.`);
}
