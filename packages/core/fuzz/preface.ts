// A preface for the fuzzer: its octets, the server's reader of it, and what it must be taken for.

import { Buffer } from 'node:buffer';
import { defaultLimits } from '../src/http/limits.ts';
import type { Preface } from '../src/index.ts';
import type { Random } from './random.ts';

/** A preface of one line: `for ADDRESS`. */
export const preface: Preface = {
  expectedFrom: () => true,
  read(octets) {
    const text = Buffer.from(octets).toString('latin1');
    if (!'for '.startsWith(text.slice(0, 4))) throw new Error('not for anybody');
    const end = text.indexOf('\n');
    if (end === -1) return null;
    return { length: end + 1, remote: { address: text.slice(4, end), port: 1 }, details: 'read' };
  },
};

/** One that is in order, mostly. */
export function makePreface(random: Random, client: number): string {
  const address = `198.51.100.${client + 1}`;
  if (!random.oneIn(6)) return `for ${address}\n`;
  return random.pick([
    '',
    'for',
    'from x\n',
    '\n',
    `for ${'x'.repeat(random.between(4000, 4200))}\n`,
    `for ${address}`,
  ]);
}

export type AfterPreface =
  | { readonly kind: 'complete'; readonly address: string; readonly rest: string }
  /** Broken, or not complete: nobody is answered. */
  | { readonly kind: 'none' };

/** What is behind the preface of these octets. */
export function afterPreface(octets: string): AfterPreface {
  const match = /^for ([^\n]*)\n/.exec(octets);
  if (match === null || match[0].length > defaultLimits.preface) return { kind: 'none' };
  return { kind: 'complete', address: match[1] as string, rest: octets.slice(match[0].length) };
}
