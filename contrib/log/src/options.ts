// What a log can be told, and what is wrong with it.

import { resolve } from 'node:path';
import { type Environ, type Outcome, standardError } from '@fapws/core';
import { checkNames, shown } from './checks.ts';
import { type Destination, ToFile, ToFunction } from './destination.ts';
import { compile, type Format } from './format.ts';
import { type GiveId, type RequestIdOptions, requestIds } from './request-id.ts';

/** What {@link log} can be told. */
export interface LogOptions {
  /**
   * Where lines go: `'stdout'`, `{ file: 'path' }`, or a function that is given each line without its line end.
   *
   * @default 'stdout'
   */
  readonly to?: 'stdout' | { readonly file: string } | ((line: string) => unknown) | undefined;
  /**
   * `'common'`, `'combined'`, `'vhost_combined'`, `'detailed'`, `'json'`, a format of Apache's atoms, or for lines of JSON an
   * object of such formats.
   *
   * @default 'combined'
   */
  readonly format?: string | Readonly<Record<string, string>> | undefined;
  /**
   * Whether to log requests of this process that were refused before any application saw them: malformed, too large, too slow,
   * or too many.
   *
   * @default false
   */
  readonly refused?: boolean | undefined;
  /**
   * Whether requests get an id, in `environ['log.request_id']`, in the answer and as `%L`.
   *
   * @default false
   */
  readonly requestId?: boolean | RequestIdOptions | undefined;
  /**
   * Says which requests are not logged; asked when the answer is over.
   *
   * @default none
   */
  readonly skip?: ((environ: Environ, outcome: Outcome) => boolean) | undefined;
  /**
   * Milliseconds that a line may wait to be written together with others.
   *
   * @default 200
   */
  readonly flushMs?: number | undefined;
  /**
   * Octets of lines that wait for a slow or full file at most; what comes then is lost, and counted.
   *
   * @default 4194304 (4 MiB)
   */
  readonly buffer?: number | undefined;
  /**
   * Permission bits of a file that is made, less the process's umask.
   *
   * @default 0o640
   */
  readonly mode?: number | undefined;
  /**
   * The signal at which the file is opened again, or false.
   *
   * @default 'SIGUSR2'
   */
  readonly reopenOn?: 'SIGHUP' | 'SIGUSR2' | false | undefined;
  /**
   * Is told what is wrong with the log itself, in one line.
   *
   * @default writes it to standard error
   */
  readonly report?: ((message: string) => void) | undefined;
}

const names: readonly (keyof LogOptions)[] = [
  'to',
  'format',
  'refused',
  'requestId',
  'skip',
  'flushMs',
  'buffer',
  'mode',
  'reopenOn',
  'report',
];

/** Fewer octets than the longest line that a request can make would lose it always. */
const smallestBuffer = 65_536 * 4;

/** What is made of the options. */
export interface Settings {
  readonly format: Format;
  readonly destination: Destination;
  readonly refused: boolean;
  readonly giveId: GiveId | null;
  readonly skip: ((environ: Environ, outcome: Outcome) => boolean) | null;
  readonly report: (message: string) => void;
}

/**
 * Checks the options, then opens the file.
 * @throws {RangeError | TypeError} naming the option
 * @throws {Error} of the system, when the file can't be opened
 */
export function settingsOf(options: LogOptions): Settings {
  checkNames('log(…)', options, names);
  const {
    to = 'stdout',
    refused = false,
    requestId = false,
    skip = null,
    flushMs = 200,
    buffer = 4_194_304,
    mode = 0o640,
    reopenOn = 'SIGUSR2',
    report = (message: string) => standardError.write(`${message}\n`),
  } = options;
  const format = compile(options.format === undefined ? 'combined' : options.format);
  if (typeof refused !== 'boolean') throw new TypeError('log: refused is true or false.');
  if (skip !== null && typeof skip !== 'function') throw new TypeError('log: skip is a function.');
  if (typeof report !== 'function') throw new TypeError('log: report is a function.');
  if (!(typeof flushMs === 'number' && flushMs >= 0 && flushMs <= 60_000)) {
    throw new RangeError(`log: flushMs is ${shown(flushMs)}, not milliseconds from 0 to 60000.`);
  }
  if (!(Number.isSafeInteger(buffer) && buffer >= smallestBuffer)) {
    throw new RangeError(`log: buffer is ${shown(buffer)}, not octets from ${smallestBuffer} on.`);
  }
  if (!(Number.isInteger(mode) && mode >= 0 && mode <= 0o777)) {
    throw new RangeError(`log: mode is ${shown(mode)}, not permission bits such as 0o640.`);
  }
  checkSignal(reopenOn);
  const giveId = requestId === false ? null : requestId === true ? requestIds({}) : requestIds(requestId);
  const destination =
    typeof to === 'function'
      ? new ToFunction(to, report)
      : new ToFile(pathOf(to), { flushMs, buffer, mode, reopenOn, report });
  return { format, destination, refused, giveId, skip, report };
}

function checkSignal(signal: unknown): void {
  if (signal === false || signal === 'SIGUSR2' || signal === 'SIGHUP') return;
  const why = signal === 'SIGUSR1' ? ': Node starts its inspector at that one' : '';
  throw new RangeError(`log: reopenOn is ${shown(signal)}, not 'SIGUSR2', 'SIGHUP' or false${why}.`);
}

/** Absolute, for the process may go to another directory before the file is opened again. Null for standard output. */
function pathOf(to: unknown): string | null {
  if (to === 'stdout') return null;
  if (typeof to === 'object' && to !== null) {
    checkNames('to', to, ['file']);
    const { file } = to as { readonly file?: unknown };
    if (typeof file === 'string' && file !== '') return resolve(file);
  }
  throw new TypeError(`log: to is ${shown(to)}, not 'stdout', { file: 'path' } or a function.`);
}
