// Header fields that claim who the client is or how it reached the front. Here they are found and taken out; what they say
// is read elsewhere.

import type { Environ } from '@fapws/core';
import { shown } from './options.ts';

/**
 * What besides `Forwarded` and `X-Forwarded-*` is taken for the client's address by some framework, proxy or application.
 * None of it is read here, so none of it gets through.
 */
const otherClaims = [
  'x-real-ip',
  'x-client-ip',
  'x-cluster-client-ip',
  'x-original-forwarded-for',
  'true-client-ip',
  'cf-connecting-ip',
  'fastly-client-ip',
];

/** What a request claims. */
export const NoClaims = 0;
/** Only what the front sets. */
export const BelievableClaims = 1;
/** Something that no front of this server sets. */
const StrangeClaims = 2;

const COLON = 0x3a;

export class Claims {
  readonly #believable: ReadonlySet<string>;
  readonly #others: ReadonlySet<string>;
  /** 1 for pairs of first and second octet, without the bit that tells the case of letters, that a claim can begin with. */
  readonly #beginnings = new Uint8Array(65_536);

  /**
   * @param believable names of what the front sets, in lower case
   * @param strip further names to take out
   * @throws {RangeError} for a name that is none
   */
  constructor(believable: readonly string[], strip: readonly string[]) {
    if (!Array.isArray(strip))
      throw new RangeError("forwarded: strip is a list of names, such as ['X-User'].");
    for (const name of strip) {
      if (typeof name === 'string' && /^[!#$%&'*+.^`|~\w-]{2,}$/.test(name)) continue;
      throw new RangeError(`forwarded: ${shown(name)} in strip is not the name of a header field.`);
    }
    this.#believable = new Set(believable);
    this.#others = new Set([...otherClaims, ...strip.map(plainName)]);
    for (const name of ['forwarded', 'x-forwarded', ...this.#others]) {
      this.#beginnings[beginning(name, 0)] = 1;
      this.#beginnings[beginning(name.replaceAll('-', '_'), 0)] = 1;
    }
  }

  /**
   * HOT. What there is, by one look at the head as it was sent: most requests to a server without a proxy have nothing,
   * and asking for each of the names would cost more.
   */
  find(head: unknown): number {
    // An environ that this server has not made: look closely.
    if (typeof head !== 'string') return StrangeClaims;
    let found = NoClaims;
    for (let at = head.indexOf('\n') + 1; at !== 0; at = head.indexOf('\n', at) + 1) {
      if (this.#beginnings[beginning(head, at)] !== 1) continue;
      const name = head.substring(at, endOfName(head, at)).toLowerCase();
      if (this.#believable.has(name)) found = Math.max(found, BelievableClaims);
      else if (this.#isClaim(name)) return StrangeClaims;
    }
    return found;
  }

  /** Takes out all that is claimed, or all but what the front sets. */
  strip(environ: Environ, all: boolean): void {
    const lines = environ['fapws.headers'] as [string, string][] | undefined;
    if (Array.isArray(lines)) {
      environ['fapws.headers'] = lines.filter(([name]) => !this.#isUnwanted(name, all));
      for (const [name] of lines) {
        // One with an underscore has no key in an environ: the key that it seems to have is another one's.
        if (this.#isUnwanted(name, all) && !name.includes('_')) delete environ[keyOf(name)];
      }
      return;
    }
    for (const key of Object.keys(environ)) {
      if (key.startsWith('HTTP_') && this.#isUnwanted(plainName(key.slice(5)), all)) delete environ[key];
    }
  }

  #isUnwanted(name: string, all: boolean): boolean {
    // With underscores it may look like a believable one to somebody further in, but it is not what a front sets.
    return this.#isClaim(name) && (all || !this.#believable.has(name.toLowerCase()));
  }

  #isClaim(name: string): boolean {
    const plain = plainName(name);
    return plain === 'forwarded' || plain.startsWith('x-forwarded') || this.#others.has(plain);
  }
}

/** `X-Forwarded-For` → `HTTP_X_FORWARDED_FOR`. */
function keyOf(name: string): `HTTP_${string}` {
  return `HTTP_${name.toUpperCase().replaceAll('-', '_')}`;
}

function plainName(name: string): string {
  return name.toLowerCase().replaceAll('_', '-');
}

function beginning(text: string, at: number): number {
  return (((text.charCodeAt(at) | 0x20) << 8) | (text.charCodeAt(at + 1) | 0x20)) & 0xffff;
}

function endOfName(head: string, start: number): number {
  let at = start;
  while (at < head.length && head.charCodeAt(at) !== COLON) at += 1;
  return at;
}
