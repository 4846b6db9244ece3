// What the user hands over, checked, so that a mistake is a clear error at once; and what is left out filled in.

import type { Environ } from '@fapws/core';
import { allEncodings, codings, type Encoding, isAvailable } from './codings.ts';
import { compressible } from './compressible.ts';

/** What {@link gzip} can be told. */
export interface GzipOptions {
  /**
   * The codings to use; of those that a client likes equally well, the first. One that this Node does not have is left out:
   * `zstd` before Node 22.15.
   *
   * @default ['zstd', 'br', 'gzip', 'deflate']
   */
  readonly encodings?: readonly Encoding[] | undefined;
  /**
   * How hard to try: `zstd` 1 to 19, `br` 0 to 11, `gzip` and `deflate` 1 to 9.
   *
   * @default { zstd: 3, br: 4, gzip: 6, deflate: 6 }
   */
  readonly levels?: Readonly<Partial<Record<Encoding, number>>> | undefined;
  /** Octets from which on content whose length is known is compressed. @default 1024 */
  readonly threshold?: number | undefined;
  /**
   * Whether content of a media type is worth it; the type is in lower case and without parameters, as in `text/html`.
   *
   * @default compressible, which asks mime-db
   */
  readonly types?: ((type: string) => boolean) | undefined;
  /** Whether an answer to this request may be compressed at all; asked before the application. @default always */
  readonly when?: ((environ: Environ) => boolean) | undefined;
  /** Octets of content that are compressed at once; more is done beside the event loop. @default 32768 */
  readonly syncLimit?: number | undefined;
  /** Octets of memory for compressed content that is kept, in case the same content is sent again. @default 0: none */
  readonly cache?: number | undefined;
  /**
   * What a client gets that takes content neither as it is nor in a coding that there is: `'406'` for GET and HEAD, or the
   * content as it is.
   *
   * @default '406'
   */
  readonly unacceptable?: '406' | 'identity' | undefined;
}

/** Octets of whole content that are compressed in one go, beside the event loop; more is streamed. */
export const largestWhole = 1_048_576;

/** The options, all of them filled in. */
export interface Settings {
  readonly encodings: readonly Encoding[];
  readonly levels: Readonly<Record<Encoding, number>>;
  readonly threshold: number;
  readonly types: (type: string) => boolean;
  readonly when: ((environ: Environ) => boolean) | null;
  readonly syncLimit: number;
  readonly cache: number;
  readonly refuses: boolean;
}

const names: readonly (keyof GzipOptions)[] = [
  'encodings',
  'levels',
  'threshold',
  'types',
  'when',
  'syncLimit',
  'cache',
  'unacceptable',
];

/** @throws {RangeError | TypeError} naming the option that is wrong */
export function settingsOf(options: GzipOptions): Settings {
  checkNames(options, names, 'option');
  const { threshold = 1024, syncLimit = 32_768, cache = 0, types = compressible, when } = options;
  const { unacceptable = '406' } = options;
  checkOctets('threshold', threshold, Number.POSITIVE_INFINITY);
  checkOctets('syncLimit', syncLimit, largestWhole);
  checkOctets('cache', cache, Number.MAX_SAFE_INTEGER);
  checkFunction('types', types);
  if (when !== undefined) checkFunction('when', when);
  if (unacceptable !== '406' && unacceptable !== 'identity') {
    throw new RangeError(`gzip: unacceptable is '406' or 'identity', not ${shown(unacceptable)}.`);
  }
  return {
    encodings: encodingsOf(options.encodings ?? allEncodings),
    levels: levelsOf(options.levels ?? {}),
    threshold,
    types,
    when: when ?? null,
    syncLimit,
    cache,
    refuses: unacceptable === '406',
  };
}

function encodingsOf(given: readonly Encoding[]): readonly Encoding[] {
  if (!Array.isArray(given)) throw new TypeError(`gzip: encodings is a list, not ${shown(given)}.`);
  for (const encoding of given) {
    if (allEncodings.includes(encoding)) continue;
    throw new RangeError(`gzip: encodings has ${shown(encoding)}; there are ${allEncodings.join(', ')}.`);
  }
  const available = [...new Set(given)].filter(isAvailable);
  if (available.length > 0) return available;
  throw new RangeError(
    given.length === 0
      ? 'gzip: encodings is empty, so nothing would ever be compressed: leave the middleware out.'
      : `gzip: encodings has ${given.join(', ')} only, and Node ${process.versions.node} has none of them.`,
  );
}

function levelsOf(given: Readonly<Partial<Record<Encoding, number>>>): Record<Encoding, number> {
  checkNames(given, allEncodings, 'levels:');
  const levelOf = (encoding: Encoding): number => {
    const { lowest, highest, usual } = codings[encoding];
    const level = given[encoding] ?? usual;
    if (Number.isInteger(level) && level >= lowest && level <= highest) return level;
    throw new RangeError(
      `gzip: levels.${encoding} is a whole number from ${lowest} to ${highest}, not ${shown(level)}.`,
    );
  };
  return { zstd: levelOf('zstd'), br: levelOf('br'), gzip: levelOf('gzip'), deflate: levelOf('deflate') };
}

/** @throws for a name that does not exist: a misspelt one would be ignored otherwise */
function checkNames(given: unknown, known: readonly string[], what: string): void {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new TypeError(
      `gzip: ${what === 'option' ? 'options are' : 'levels is'} an object, not ${shown(given)}.`,
    );
  }
  for (const name of Object.keys(given)) {
    if (known.includes(name)) continue;
    throw new RangeError(`gzip: ${what} ${shown(name)} does not exist; there are ${known.join(', ')}.`);
  }
}

function checkOctets(name: string, value: unknown, most: number): void {
  const whole = value === Number.POSITIVE_INFINITY || Number.isInteger(value);
  if (typeof value === 'number' && whole && value >= 0 && value <= most) return;
  throw new RangeError(
    `gzip: ${name} is a whole number of octets${Number.isSafeInteger(most) ? ` from 0 to ${most}` : ''}, not ${shown(value)}.`,
  );
}

function checkFunction(name: string, value: unknown): void {
  if (typeof value !== 'function') throw new TypeError(`gzip: ${name} is a function, not ${shown(value)}.`);
}

/** A value as a message names it. */
function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value);
  if (typeof value === 'number' || value === null || value === undefined) return String(value);
  return Array.isArray(value) ? 'an array' : `a ${typeof value}`;
}
