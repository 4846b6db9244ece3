// Which of the codings that there are a client wants most (RFC 9110 12.5.3).

import type { Coding } from './options.ts';

const weighted =
  /^[ \t]*([!#$%&'*+\-.^_`|~\w]+)[ \t]*(?:;[ \t]*[qQ]=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)[ \t]*)?$/;

/** Fields that are remembered: browsers send a handful. */
const MOST_REMEMBERED = 64;
const LONGEST_REMEMBERED = 256;

export class Preferences {
  readonly #codings: readonly Coding[];
  readonly #remembered = new Map<string, readonly Coding[]>();

  /** @param codings those that are ever there, the one first that is better when a client does not care */
  constructor(codings: readonly Coding[]) {
    this.#codings = codings;
  }

  /** HOT. The codings that a client would rather have than none, the most wanted first. */
  of(field: string | undefined): readonly Coding[] {
    if (field === undefined || field === '') return none;
    return this.#remembered.get(field) ?? this.#read(field);
  }

  #read(field: string): readonly Coding[] {
    const weights = new Map<string, number>();
    for (const element of field.split(',')) {
      const found = weighted.exec(element);
      // What is not well-formed says nothing; the other elements still do.
      if (found === null) continue;
      const name = (found[1] as string).toLowerCase();
      weights.set(name === 'x-gzip' ? 'gzip' : name, Number(found[2] ?? 1));
    }
    const any = weights.get('*');
    // Without a word on it, identity is what is taken when nothing else is.
    const identity = weights.get('identity') ?? any ?? 0;
    const weightOf = (coding: Coding): number => weights.get(coding) ?? any ?? 0;
    const wanted = this.#codings
      .filter(coding => weightOf(coding) > 0 && weightOf(coding) >= identity)
      .sort((a, b) => weightOf(b) - weightOf(a));
    if (field.length <= LONGEST_REMEMBERED) {
      if (this.#remembered.size >= MOST_REMEMBERED) this.#remembered.clear();
      this.#remembered.set(field, wanted);
    }
    return wanted;
  }
}

const none: readonly Coding[] = [];
