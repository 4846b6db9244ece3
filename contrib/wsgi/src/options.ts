// What can be said of a Python application, and the checks that make a mistake there a clear error at once.

import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { ErrorStream } from '@fapws/core';
import { standardError } from '@fapws/core';
import { checkKeys, checkNumber } from './checks.ts';
import { readEnvFiles } from './env-file.ts';
import type { SpoolSettings } from './spool.ts';
import {
  type SupervisionOptions,
  type SupervisionSettings,
  supervisionNames,
  supervisionOf,
} from './supervision-options.ts';

export interface PythonOptions extends SupervisionOptions {
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
  /**
   * Files of environment variables (`NAME=value` by line), read anew at each start and reload; relative ones start from the
   * current folder. A later file wins over one before it, this process's environment over all of them, and
   * `processEnvironment` over that. @default none
   */
  readonly envFile?: string | readonly string[] | undefined;
  /** Requests that the application works on at the same time, each in a thread of its own. @default 1 */
  readonly threads?: number | undefined;
  /** Seconds until the application has to be loaded. @default 60 */
  readonly startTimeout?: number | undefined;
  /** Octets of a request's content that wait in memory until all of it is here; more waits in a file. @default 65536 */
  readonly inlineContent?: number | undefined;
  /**
   * Where content waits that is more than that; false to hand it on as it arrives, which occupies a worker for as long as the
   * client takes to send it. @default true
   */
  readonly spool?: boolean | SpoolOptions | undefined;
  /**
   * Development mode: a request that comes after an edit of the application's files is answered by what they say now, and what
   * keeps it from loading is shown as a page. `paths` are files and folders besides those of imported modules. @default false
   */
  readonly reload?: boolean | ReloadOptions | undefined;
  /**
   * Load the application once, in a process of which the workers are forks, so that they share its memory. Not in
   * development mode. @default false
   */
  readonly preload?: boolean | undefined;
  /** The signal at which a worker writes the stacks of its threads to standard error; false for none. @default 'SIGUSR2' */
  readonly dumpSignal?: DumpSignal | false | undefined;
  /** Where goes what the process prints, and what is to be said of it. @default standard error */
  readonly errors?: ErrorStream | undefined;
}

export interface SpoolOptions {
  /** The folder of the files, which have no name there, or are gone when their request is over. @default the system's one for temporary files */
  readonly directory?: string | undefined;
  /** Octets that all of them may have together; a request that would take more is answered 507. @default none */
  readonly limit?: number | undefined;
}

export interface ReloadOptions {
  /** Files and folders, with all that is in them: templates, settings. Relative ones start from the current folder. */
  readonly paths: readonly string[];
}

/** Those at which a process would end by itself, and which neither Python nor its worker has a use for. */
const dumpSignals = ['SIGUSR1', 'SIGUSR2', 'SIGQUIT', 'SIGHUP', 'SIGALRM', 'SIGVTALRM', 'SIGPROF'] as const;
export type DumpSignal = (typeof dumpSignals)[number];

/** The same with nothing left open. */
export interface WorkerSettings extends SupervisionSettings {
  readonly application: string;
  readonly python: string;
  readonly chdir: string;
  readonly pythonpath: readonly string[];
  readonly environ: Readonly<Record<string, string>>;
  readonly processEnvironment: Readonly<Record<string, string | undefined>>;
  /** Absolute paths. */
  readonly envFiles: readonly string[];
  readonly threads: number;
  readonly startTimeout: number;
  readonly inlineContent: number;
  /** null to hand content on as it arrives. */
  readonly spool: SpoolSettings | null;
  /** null when not in development mode. */
  readonly reload: ReloadOptions | null;
  readonly preload: boolean;
  /** Empty for none. */
  readonly dumpSignal: DumpSignal | '';
  readonly errors: ErrorStream;
}

const names: readonly (keyof PythonOptions)[] = [
  'python',
  'venv',
  'chdir',
  'pythonpath',
  'environ',
  'processEnvironment',
  'envFile',
  'threads',
  'startTimeout',
  'inlineContent',
  'spool',
  'reload',
  'preload',
  'dumpSignal',
  'errors',
  ...supervisionNames,
];

/** In development nobody minds how long a request takes, least of all who steps through it with a debugger. */
const patience: SupervisionOptions = {
  requestTimeout: Number.POSITIVE_INFINITY,
  queue: { timeout: Number.POSITIVE_INFINITY },
};

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
  const reload = reloadOf(options.reload ?? false);
  return {
    application,
    python: venv === undefined ? (python ?? 'python3') : join(venv, 'bin', 'python'),
    chdir: options.chdir ?? '',
    pythonpath: typeof pythonpath === 'string' ? [pythonpath] : pythonpath,
    environ: options.environ ?? {},
    processEnvironment: options.processEnvironment ?? {},
    envFiles: envFilesOf(options.envFile ?? []),
    threads,
    startTimeout,
    inlineContent,
    spool: spoolOf(options.spool ?? true),
    reload,
    preload: booleanOf('preload', options.preload ?? false),
    dumpSignal: dumpSignalOf(options.dumpSignal ?? 'SIGUSR2'),
    errors: options.errors ?? standardError,
    ...(reload === null ? supervisionOf(options) : oneProcess(supervisionOf({ ...patience, ...options }))),
  };
}

/** Two might have read a file at different times, and would answer differently. */
function oneProcess(settings: SupervisionSettings): SupervisionSettings {
  return { ...settings, workers: { ...settings.workers, min: 1, max: 1 } };
}

function envFilesOf(files: string | readonly string[]): readonly string[] {
  const paths = (typeof files === 'string' ? [files] : files).map(file => resolve(file));
  // A mistake in their names is told before anything is started.
  readEnvFiles(paths);
  return paths;
}

function reloadOf(reload: boolean | ReloadOptions): ReloadOptions | null {
  if (typeof reload === 'boolean') return reload ? { paths: [] } : null;
  checkKeys('reload', reload, ['paths']);
  const { paths } = reload;
  if (!Array.isArray(paths) || paths.some(path => typeof path !== 'string' || path === '')) {
    throw new RangeError(
      `reload.paths is ${JSON.stringify(paths)}. It has to be a list of files and folders.`,
    );
  }
  return { paths: paths.map(path => resolve(path)) };
}

function dumpSignalOf(signal: DumpSignal | false): DumpSignal | '' {
  if (signal === false) return '';
  if (!dumpSignals.includes(signal)) {
    throw new RangeError(
      `dumpSignal is ${JSON.stringify(signal)}. It has to be false or one of ${dumpSignals.join(', ')}.`,
    );
  }
  return signal;
}

function booleanOf(name: string, value: boolean): boolean {
  if (typeof value !== 'boolean') {
    throw new RangeError(`${name} is ${JSON.stringify(value)}. It has to be true or false.`);
  }
  return value;
}

function spoolOf(spool: boolean | SpoolOptions): SpoolSettings | null {
  if (spool === false) return null;
  if (typeof spool === 'object') checkKeys('spool', spool, ['directory', 'limit']);
  const { directory = tmpdir(), limit } = spool === true ? {} : spool;
  if (typeof directory !== 'string' || directory === '') {
    throw new RangeError(
      `spool.directory is ${JSON.stringify(directory)}. It has to be the path of a folder.`,
    );
  }
  if (limit !== undefined) checkNumber('spool.limit', limit, 1, Number.MAX_SAFE_INTEGER, true);
  return { directory: resolve(directory), limit: limit ?? Number.POSITIVE_INFINITY };
}
