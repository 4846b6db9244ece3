// Accept-Encoding (RFC 9110 12.5.3): which coding the client likes best of those that there are.

import type { Encoding } from './codings.ts';

/** What a client wants. */
export interface Preference {
  /** The coding that it likes best, or null where it likes content as it is at least as well. */
  readonly coding: Encoding | null;
  /** Whether it does not take content as it is. */
  readonly identityRefused: boolean;
}

/** Without the field, or with one that is too long to be worth reading, content is sent as it is. */
const plain: Preference = { coding: null, identityRefused: false };

/** Octets of a field that is read: all that are known need less than 100. */
const longest = 1024;

/** Clients send the same few values again and again. Whoever makes them up costs time, not memory. */
const mostRemembered = 256;

/** One member of the list: a coding and its weight. What is not formed like this says nothing. */
const member =
  /^[\t ]*([!#$%&'*+\-.^_`|~0-9A-Za-z]+)(?:[\t ]*;[\t ]*[Qq]=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?))?[\t ]*$/;

export class Preferences {
  readonly #offered: readonly Encoding[];
  readonly #remembered = new Map<string, Preference>();

  /** @param offered the codings that there are; of those that a client likes equally well the first is taken */
  constructor(offered: readonly Encoding[]) {
    this.#offered = offered;
  }

  /** HOT. @param field the value of Accept-Encoding */
  of(field: string | undefined): Preference {
    if (field === undefined || field.length > longest) return plain;
    const remembered = this.#remembered.get(field);
    if (remembered !== undefined) return remembered;
    const preference = this.#choose(weightsIn(field));
    if (this.#remembered.size >= mostRemembered) this.#remembered.clear();
    this.#remembered.set(field, preference);
    return preference;
  }

  #choose(weights: ReadonlyMap<string, number>): Preference {
    const others = weights.get('*');
    let coding: Encoding | null = null;
    let best = 0;
    for (const offered of this.#offered) {
      const weight = weights.get(offered) ?? others ?? 0;
      if (weight <= best) continue;
      coding = offered;
      best = weight;
    }
    // Identity is acceptable unless it is refused, by name or by what is said of all others. It is preferred only by name.
    const identity = weights.get('identity');
    if (identity !== undefined && identity > best) coding = null;
    return { coding, identityRefused: (identity ?? others) === 0 };
  }
}

/** Weights by coding in lower case. Of several that are given to one coding, the first holds. */
function weightsIn(field: string): Map<string, number> {
  const weights = new Map<string, number>();
  for (const part of field.split(',')) {
    const [, name, weight] = member.exec(part) ?? [];
    if (name === undefined) continue;
    const lower = name.toLowerCase();
    // RFC 9110 8.4.1.3: another name of the same thing.
    const coding = lower === 'x-gzip' ? 'gzip' : lower;
    if (!weights.has(coding)) weights.set(coding, weight === undefined ? 1 : Number(weight));
  }
  return weights;
}
