// The fields behind chunked content: read, checked and dropped (RFC 9110 6.5.1). Nothing in them means anything here, but another
// server on the way may merge them into the head, so those that would change framing, routing, conditions or identity are
// refused.

import type { Limits } from './limits.ts';
import { Refusal } from './refusal.ts';

const forbidden: ReadonlySet<string> = new Set([
  'authorization',
  'cache-control',
  'connection',
  'content-encoding',
  'content-length',
  'content-range',
  'content-type',
  'cookie',
  'expect',
  'forwarded',
  'host',
  'keep-alive',
  'max-forwards',
  'proxy',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'range',
  'set-cookie',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'www-authenticate',
  'x-real-ip',
]);

function isForbidden(name: string): boolean {
  return forbidden.has(name) || name.startsWith('if-') || name.startsWith('x-forwarded-');
}

export class Trailers {
  readonly #limits: Limits;
  #octets = 0;
  #fields = 0;
  /** Octets of the present line. */
  #line = 0;
  /** The present line's name, as much as is there. */
  #name = '';
  #inName = false;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** Octets around names and values: colons, blanks, line ends. @returns why they are refused, or null; as the others */
  addFraming(octets: number): Refusal | null {
    this.#octets += octets;
    this.#line += octets;
    return this.#octets > this.#limits.head ? Refusal.fieldsTooLarge : null;
  }

  /** A name, or a part of one that was cut by the end of a read. */
  addName(text: string): Refusal | null {
    if (!this.#inName) {
      this.#inName = true;
      this.#name = '';
      this.#line = 0;
      this.#fields += 1;
      if (this.#fields > this.#limits.fields) return Refusal.fieldsTooLarge;
    }
    this.#name += text;
    return this.#add(text.length);
  }

  /** A value, or a part of one. */
  addValue(octets: number): Refusal | null {
    if (this.#inName && isForbidden(this.#name.toLowerCase())) return Refusal.trailer;
    this.#inName = false;
    return this.#add(octets);
  }

  #add(octets: number): Refusal | null {
    const refusal = this.addFraming(octets);
    return this.#line > this.#limits.field ? Refusal.fieldsTooLarge : refusal;
  }
}
