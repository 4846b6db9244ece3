// What readForm and readQuery can be told, and the check of it, so that a mistake is a clear error at once.

import { tmpdir } from 'node:os';
import type { Writable } from 'node:stream';
import type { WritableStream } from 'node:stream/web';
import type { IncomingFile } from './file.ts';
import { defaultFormLimits, type FormLimits } from './limits.ts';

/** Where the content of a file goes: a stream, nowhere (null), or the temporary file that it has without this (undefined). */
export type FileDestination = Writable | WritableStream<Uint8Array> | null | undefined;

export interface QueryOptions {
  /** What differs from {@link defaultFormLimits}. */
  readonly limits?: Partial<FormLimits> | undefined;
}

export interface ReadFormOptions extends QueryOptions {
  /**
   * Where temporary files are made. It must exist.
   *
   * @default os.tmpdir()
   */
  readonly directory?: string | undefined;
  /**
   * Called when a file begins, before its content is read; says where that goes.
   *
   * @default temporary files
   */
  readonly onFile?: ((file: IncomingFile) => FileDestination | Promise<FileDestination>) | undefined;
}

/** Options that were checked, with what was left out filled in. */
export interface Settings {
  readonly limits: FormLimits;
  readonly directory: string;
  readonly onFile: NonNullable<ReadFormOptions['onFile']>;
}

const toTemporaryFile = (): undefined => undefined;
const noOptions: ReadFormOptions = {};
const queryNames = ['limits'];
const formNames = ['limits', 'directory', 'onFile'];

/** Options are most often one object for all requests: it is checked once. */
const checked = new WeakMap<ReadFormOptions, Settings>();

export function querySettings(options: QueryOptions = noOptions): Settings {
  return settingsOf('readQuery', options, queryNames);
}

/** @throws {TypeError} or RangeError that names the option */
export function formSettings(options: ReadFormOptions = noOptions): Settings {
  return settingsOf('readForm', options, formNames);
}

function settingsOf(whose: string, options: ReadFormOptions, names: readonly string[]): Settings {
  if (typeof options !== 'object' || options === null)
    throw new TypeError(`${whose} takes an object of options.`);
  const known = checked.get(options);
  if (known !== undefined) return known;
  checkNames(`${whose} has no option called`, options, names);
  const { directory, onFile = toTemporaryFile } = options;
  if (directory !== undefined && (typeof directory !== 'string' || directory === '')) {
    throw new TypeError('directory is the path of a folder.');
  }
  if (typeof onFile !== 'function') throw new TypeError('onFile is a function of a file.');
  const settings = { limits: limitsOf(options.limits), directory: directory ?? tmpdir(), onFile };
  checked.set(options, settings);
  return settings;
}

function limitsOf(given: Partial<FormLimits> = {}): FormLimits {
  if (typeof given !== 'object' || given === null) throw new TypeError('limits is an object of numbers.');
  checkNames('limits has no', given, Object.keys(defaultFormLimits));
  const limits: Record<string, number> = { ...defaultFormLimits };
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue;
    if (value !== Number.POSITIVE_INFINITY && !(Number.isSafeInteger(value) && value >= 0)) {
      throw new RangeError(`limits.${name} is a whole number from 0 on, or Infinity.`);
    }
    limits[name] = value;
  }
  return limits as unknown as FormLimits;
}

/** @throws {RangeError} for a name that is no option: a misspelt one would be ignored otherwise */
export function checkNames(problem: string, given: object, known: readonly string[]): void {
  for (const name of Object.keys(given)) {
    if (!known.includes(name)) throw new RangeError(`${problem} ${name}. There are: ${known.join(', ')}.`);
  }
}
