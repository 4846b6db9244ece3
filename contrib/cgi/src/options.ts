// What a CGI application can be told, checked once.

import { statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { isAbsolute, resolve } from 'node:path';
import { type Application, type ErrorPage, plainErrorPage } from '@fapws/core';
import { checkOptions, seconds, shown, wholeNumber } from './checks.ts';

/** Bounds on time, in seconds; Infinity switches one off. */
export interface CgiTimeouts {
  /** Until the script has written its head; then the client gets 504. @default 30 */
  readonly head?: number | undefined;
  /** Until the script has ended; then the connection is cut if the head is out. @default 300 */
  readonly total?: number | undefined;
  /** Between SIGTERM and SIGKILL. @default 5 */
  readonly kill?: number | undefined;
}

/** Bounds on size and number; Infinity switches one off. */
export interface CgiLimits {
  /** Octets of the head that the script writes. @default 16_384 */
  readonly head?: number | undefined;
  /** Lines of it. @default 100 */
  readonly fields?: number | undefined;
  /** Octets of standard error that go to the log, for one request. @default 65_536 */
  readonly stderr?: number | undefined;
}

/** What {@link cgi} can be told. */
export interface CgiOptions {
  /**
   * Programs that run scripts, by the ending of their names: `{ '.php': 'php-cgi', '.py': ['python3', '-I'] }`. The script's path
   * is their last argument. Other scripts are run themselves, and must be executable.
   *
   * @default {}
   */
  readonly interpreters?: Readonly<Record<string, string | readonly string[]>> | undefined;
  /** Variables for all scripts, besides those of the request. @default { PATH: that of the server } */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** For DOCUMENT_ROOT, and for PATH_TRANSLATED. @default the root, or the script's folder */
  readonly documentRoot?: string | undefined;
  /** Whether scripts see `Authorization`, that is passwords of clients. @default false */
  readonly authorization?: boolean | undefined;
  /** Scripts of this application that may run at the same time; one more is answered 503. @default 32 */
  readonly processes?: number | undefined;
  readonly timeouts?: CgiTimeouts | undefined;
  readonly limits?: CgiLimits | undefined;
  /**
   * What becomes of content whose length is not known before its end, while CGI must say it: `'spool'` stores it in a file
   * first, `'refuse'` answers 411.
   *
   * @default 'spool'
   */
  readonly unknownLength?: 'spool' | 'refuse' | undefined;
  /** Where such files are. @default os.tmpdir() */
  readonly temporary?: string | undefined;
  /**
   * Answers what a script's local redirect (`Location: /path`) leads to, as a GET at that path.
   * @default the client is redirected
   */
  readonly localRedirect?: Application | undefined;
  /** Makes the page for what no script answers. @default the one of core: the status and a sentence */
  readonly errorPage?: ((status: string, detail: string) => ErrorPage) | undefined;
}

/** The same, ready for use; times in milliseconds. */
export interface Settings {
  readonly interpreters: ReadonlyMap<string, readonly string[]>;
  readonly env: Readonly<Record<string, string>>;
  readonly documentRoot: string | undefined;
  readonly authorization: boolean;
  readonly processes: number;
  readonly timeouts: Readonly<Record<keyof CgiTimeouts, number>>;
  readonly limits: Readonly<Record<keyof CgiLimits, number>>;
  readonly unknownLength: 'spool' | 'refuse';
  readonly temporary: string;
  readonly localRedirect: Application | undefined;
  readonly errorPage: (status: string, detail: string) => ErrorPage;
}

export const optionNames: readonly (keyof CgiOptions)[] = [
  'interpreters',
  'env',
  'documentRoot',
  'authorization',
  'processes',
  'timeouts',
  'limits',
  'unknownLength',
  'temporary',
  'localRedirect',
  'errorPage',
];
export const defaultTimeouts: Readonly<Record<keyof CgiTimeouts, number>> = { head: 30, total: 300, kill: 5 };
export const defaultLimits: Readonly<Record<keyof CgiLimits, number>> = {
  head: 16_384,
  fields: 100,
  stderr: 65_536,
};

/** Where programs are looked for when the server itself has no PATH. */
const usualPath = '/usr/local/bin:/usr/bin:/bin';

/** @throws {TypeError} {RangeError} for an option that can't be */
export function settingsOf(options: CgiOptions): Settings {
  checkOptions('options of cgi', options, optionNames);
  const {
    authorization = false,
    unknownLength = 'spool',
    localRedirect,
    errorPage = plainErrorPage,
  } = options;
  if (typeof authorization !== 'boolean') {
    throw new RangeError(`cgi: authorization is true or false, not ${shown(authorization)}.`);
  }
  if (unknownLength !== 'spool' && unknownLength !== 'refuse') {
    throw new RangeError(`cgi: unknownLength is "spool" or "refuse", not ${shown(unknownLength)}.`);
  }
  for (const [name, value] of Object.entries({ localRedirect, errorPage })) {
    if (value !== undefined && typeof value !== 'function') {
      throw new TypeError(`cgi: ${name} is a function, not ${shown(value)}.`);
    }
  }
  return {
    interpreters: interpretersOf(options.interpreters ?? {}),
    env: environmentOf(options.env ?? {}),
    documentRoot:
      options.documentRoot === undefined ? undefined : folder('documentRoot', options.documentRoot),
    authorization,
    processes: wholeNumber('processes', options.processes ?? 32),
    timeouts: bounds(
      'timeouts',
      options.timeouts ?? {},
      defaultTimeouts,
      (name, value) => seconds(name, value) * 1000,
    ),
    limits: bounds('limits', options.limits ?? {}, defaultLimits, wholeNumber),
    unknownLength,
    temporary: folder('temporary', options.temporary ?? tmpdir()),
    localRedirect,
    errorPage,
  };
}

/** The absolute path of a folder that is there. @throws {TypeError} {RangeError} */
export function folder(name: string, path: unknown): string {
  if (typeof path !== 'string')
    throw new TypeError(`cgi: ${name} is the path of a folder, not ${shown(path)}.`);
  const absolute = resolve(path);
  if (statSync(absolute, { throwIfNoEntry: false })?.isDirectory() === true) return absolute;
  throw new RangeError(`cgi: ${name} is a folder, and ${shown(absolute)} is not there or is none.`);
}

function bounds<K extends string>(
  what: string,
  given: Partial<Record<K, number | undefined>>,
  defaults: Readonly<Record<K, number>>,
  check: (name: string, value: unknown) => number,
): Record<K, number> {
  const names = Object.keys(defaults) as K[];
  checkOptions(`${what} of cgi`, given, names);
  return Object.fromEntries(
    names.map(name => [name, check(`${what}.${name}`, given[name] ?? defaults[name])]),
  ) as Record<K, number>;
}

function interpretersOf(given: NonNullable<CgiOptions['interpreters']>): Map<string, readonly string[]> {
  checkOptions('interpreters of cgi', given, Object.keys(given ?? {}));
  return new Map(
    Object.entries(given).map(([ending, command]) => {
      if (!/^\.[^./]+$/.test(ending)) {
        throw new RangeError(`cgi: interpreters are found by an ending like ".php", not ${shown(ending)}.`);
      }
      const words = typeof command === 'string' ? [command] : command;
      if (
        !Array.isArray(words) ||
        words.length === 0 ||
        words.some(word => typeof word !== 'string' || word === '')
      ) {
        throw new RangeError(
          `cgi: the interpreter for ${ending} is a program, or a list of a program and its arguments, not ${shown(command)}.`,
        );
      }
      const program = words[0] as string;
      // It is run in the script's folder, where a relative path would mean something else.
      if (program.includes('/') && !isAbsolute(program)) {
        throw new RangeError(
          `cgi: the interpreter for ${ending} is a name that PATH finds, or an absolute path, not ${shown(program)}.`,
        );
      }
      return [ending, words];
    }),
  );
}

function environmentOf(given: NonNullable<CgiOptions['env']>): Record<string, string> {
  checkOptions('env of cgi', given, Object.keys(given ?? {}));
  for (const [name, value] of Object.entries(given)) {
    if (!/^[^=\0]+$/.test(name)) throw new RangeError(`cgi: env has a variable called ${shown(name)}.`);
    if (typeof value !== 'string' || value.includes('\0')) {
      throw new RangeError(`cgi: ${name} in env is a string without NUL, not ${shown(value)}.`);
    }
  }
  return { PATH: process.env['PATH'] ?? usualPath, ...given };
}
