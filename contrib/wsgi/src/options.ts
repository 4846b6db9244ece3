// What can be said of a Python application, and the checks that make a mistake there a clear error at once.

import { join } from 'node:path';
import type { ErrorStream } from '@fapws/core';
import { standardError } from '@fapws/core';

export interface PythonOptions {
  /** The interpreter: a path, or a command that is looked for in PATH. @default 'python3' */
  readonly python?: string | undefined;
  /** A virtual environment's folder: its interpreter is used. Not together with `python`. @default none */
  readonly venv?: string | undefined;
  /** The folder that the application runs in, and in which its module is looked for first. @default the current one */
  readonly chdir?: string | undefined;
  /** Folders in which modules are looked for before all others; relative ones start from `chdir`. @default none */
  readonly pythonpath?: string | readonly string[] | undefined;
  /** Keys that every environ has besides those of the request. They win over these. @default none */
  readonly environ?: Readonly<Record<string, string>> | undefined;
  /** Environment variables of the process, besides and before those of this one; undefined takes one away. @default none */
  readonly processEnvironment?: Readonly<Record<string, string | undefined>> | undefined;
  /** Requests that the application works on at the same time, each in a thread of its own. @default 1 */
  readonly threads?: number | undefined;
  /** Seconds until the application has to be loaded. @default 60 */
  readonly startTimeout?: number | undefined;
  /** Octets of a request's content that are gathered before a worker sees the request; more is streamed. @default 65536 */
  readonly inlineContent?: number | undefined;
  /** Where goes what the process prints, and what is to be said of it. @default standard error */
  readonly errors?: ErrorStream | undefined;
}

/** The same with nothing left open. */
export interface WorkerSettings {
  readonly application: string;
  readonly python: string;
  readonly chdir: string;
  readonly pythonpath: readonly string[];
  readonly environ: Readonly<Record<string, string>>;
  readonly processEnvironment: Readonly<Record<string, string | undefined>>;
  readonly threads: number;
  readonly startTimeout: number;
  readonly inlineContent: number;
  readonly errors: ErrorStream;
}

const names: readonly (keyof PythonOptions)[] = [
  'python',
  'venv',
  'chdir',
  'pythonpath',
  'environ',
  'processEnvironment',
  'threads',
  'startTimeout',
  'inlineContent',
  'errors',
];

/** @throws {RangeError} for what can't be meant */
export function settingsOf(application: string, options: PythonOptions): WorkerSettings {
  if (typeof application !== 'string' || !/^[^:]+:[^:]+$/.test(application)) {
    throw new RangeError(
      `${JSON.stringify(application)} does not name a Python application. Give a module and an attribute, as in ` +
        "'shop.wsgi:application', or a factory, as in 'shop:create_app()'.",
    );
  }
  for (const name of Object.keys(options)) {
    if (!(names as readonly string[]).includes(name)) {
      throw new RangeError(`There is no option of pythonApp called ${name}. There are: ${names.join(', ')}.`);
    }
  }
  const { venv, python, pythonpath = [], threads = 1, startTimeout = 60, inlineContent = 65_536 } = options;
  if (venv !== undefined && python !== undefined) {
    throw new RangeError(
      'Give venv or python, not both: a virtual environment has an interpreter of its own.',
    );
  }
  checkNumber('threads', threads, 1, 1024, true);
  checkNumber('startTimeout', startTimeout, 0.001, 86_400, false);
  checkNumber('inlineContent', inlineContent, 0, 8_388_608, true);
  for (const [key, value] of Object.entries(options.environ ?? {})) {
    if (typeof value !== 'string') {
      throw new RangeError(
        `environ[${JSON.stringify(key)}] is a ${typeof value}. An environ's own keys are strings.`,
      );
    }
  }
  return {
    application,
    python: venv === undefined ? (python ?? 'python3') : join(venv, 'bin', 'python'),
    chdir: options.chdir ?? '',
    pythonpath: typeof pythonpath === 'string' ? [pythonpath] : pythonpath,
    environ: options.environ ?? {},
    processEnvironment: options.processEnvironment ?? {},
    threads,
    startTimeout,
    inlineContent,
    errors: options.errors ?? standardError,
  };
}

function checkNumber(name: string, value: number, least: number, most: number, whole: boolean): void {
  if (
    typeof value !== 'number' ||
    !(value >= least && value <= most) ||
    (whole && !Number.isInteger(value))
  ) {
    throw new RangeError(
      `${name} is ${String(value)}. It has to be a ${whole ? 'whole ' : ''}number from ${least} to ${most}.`,
    );
  }
}
