// What a supervisor can be told, and the checks that make a mistake there a clear error at once.

import { statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Address, type ErrorStream, type StopOptions, standardError } from '@fapws/core';
import { WorkersError } from './errors.ts';
import type { StopTimes } from './messages.ts';

export interface SupervisorOptions {
  /**
   * Where the workers listen together: the primary opens the sockets and each worker inherits them, see `inherited`. Descriptors
   * that this process has inherited itself are handed on. @default nowhere; the program opens its own, with `reusePort`
   */
  readonly listen?: Address | readonly Address[] | undefined;
  /**
   * Whether each worker has a socket of its own on a port, over which the kernel spreads connections evenly, instead of one
   * socket for all. Needs Node 22.12 or newer and Linux or another system that can do it. @default false
   */
  readonly reusePort?: boolean | undefined;
  /** How many there are. @default os.availableParallelism() */
  readonly workers?: number | undefined;
  /** Arguments of the program. @default none */
  readonly args?: readonly string[] | undefined;
  /** Options of Node for it. @default those of this process, without `--inspect` */
  readonly execArgv?: readonly string[] | undefined;
  /** Environment variables besides and before those of this process; undefined takes one away. @default none */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** The folder in which it runs. @default the current one */
  readonly cwd?: string | undefined;
  /** The user and the group, by number, that it runs as; only root can say so. @default those of this process */
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
  /** Seconds until a worker has to listen. @default 60 */
  readonly startTimeout?: number | undefined;
  /** Seconds without a sign of life after which a worker is killed and replaced; Infinity for never. @default 30 */
  readonly heartbeatTimeout?: number | undefined;
  /** How a worker stops, see `stop` of core's server. @default 10000 */
  readonly graceMs?: number | undefined;
  /** The same, when everything stops; replaced workers need none. @default 0 */
  readonly lameDuckMs?: number | undefined;
  /** Requests after which a worker is replaced. @default Infinity */
  readonly maxRequests?: number | undefined;
  /** So many of them more or less, by chance, so that not all are replaced at once. @default 0 */
  readonly maxRequestsJitter?: number | undefined;
  /** Seconds after which a worker is replaced. @default Infinity */
  readonly maxLifetime?: number | undefined;
  /** So many more or less. @default 0 */
  readonly maxLifetimeJitter?: number | undefined;
  /** Octets of resident memory above which a worker is replaced. @default Infinity */
  readonly maxMemory?: number | undefined;
  /** When workers that fail are started again. */
  readonly backoff?: Partial<Backoff> | undefined;
  /** Where is said what becomes of workers. @default standard error */
  readonly errors?: ErrorStream | undefined;
}

/** Seconds. The first failure of a worker is answered at once. */
export interface Backoff {
  /** After two failures in a row. It doubles with each one more. @default 0.5 */
  readonly first: number;
  /** @default 30 */
  readonly longest: number;
  /** A worker that has served for so long had no failure before. @default 10 */
  readonly stable: number;
}

/** The same with nothing left open; times in milliseconds. */
export interface Settings {
  readonly program: string;
  readonly listen: readonly Address[];
  readonly reusePort: boolean;
  readonly workers: number;
  readonly args: readonly string[];
  readonly execArgv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string | undefined;
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  readonly startMs: number;
  readonly heartbeatMs: number;
  readonly stop: StopTimes;
  readonly maxRequests: number;
  readonly maxRequestsJitter: number;
  readonly maxLifetimeMs: number;
  readonly maxLifetimeJitterMs: number;
  readonly maxMemory: number;
  readonly backoff: Backoff;
  readonly errors: ErrorStream;
}

/** What a timer can hold. Milliseconds. */
export const LONGEST_TIMER = 2_147_483_647;
const NEVER = Number.POSITIVE_INFINITY;

/** The numbers among the options: what each is if nobody says, and the least that it can be. */
const numbers = {
  workers: [0, 1],
  startTimeout: [60, 0.001],
  heartbeatTimeout: [30, 0.1],
  graceMs: [10_000, 0],
  lameDuckMs: [0, 0],
  maxRequests: [NEVER, 1],
  maxRequestsJitter: [0, 0],
  maxLifetime: [NEVER, 0.1],
  maxLifetimeJitter: [0, 0],
  maxMemory: [NEVER, 1],
} as const satisfies Partial<Record<keyof SupervisorOptions, readonly [number, number]>>;
type NumberName = keyof typeof numbers;
const others = ['listen', 'reusePort', 'args', 'execArgv', 'env', 'cwd', 'uid', 'gid', 'backoff', 'errors'];
const defaultBackoff: Backoff = { first: 0.5, longest: 30, stable: 10 };

/** More are a mistake: a number of octets, or a port. */
const MOST_WORKERS = 1024;

/**
 * @throws {WorkersError} FAPWS_WORKERS_PROGRAM
 * @throws {RangeError} for what can't be meant
 */
export function settingsOf(program: string | URL, options: SupervisorOptions): Settings {
  const path = pathOf(program);
  checkNames('option of a supervisor', options, [...Object.keys(numbers), ...others]);
  const numberOf = (name: NumberName): number => {
    const [byDefault, least] = numbers[name];
    const value = options[name] ?? byDefault;
    if (options[name] !== undefined) checkNumber(name, value, least);
    return value;
  };
  const workers = options.workers ?? availableParallelism();
  checkWorkers(workers);
  const { backoff = {}, execArgv = process.execArgv.filter(isForAll), reusePort = false } = options;
  const listen = listOf(options.listen ?? []);
  if (reusePort && !listen.some(address => 'port' in address)) {
    throw new RangeError('reusePort is for TCP ports, but there is none in `listen`. Leave it out.');
  }
  checkNames('part of backoff', backoff, Object.keys(defaultBackoff));
  for (const [name, value] of Object.entries(given(backoff))) checkNumber(`backoff.${name}`, value, 0);
  return {
    program: path,
    listen,
    reusePort,
    workers,
    args: options.args ?? [],
    execArgv,
    env: options.env ?? {},
    cwd: options.cwd,
    uid: options.uid,
    gid: options.gid,
    startMs: numberOf('startTimeout') * 1000,
    heartbeatMs: numberOf('heartbeatTimeout') * 1000,
    stop: stopTimes(
      { graceMs: numberOf('graceMs'), lameDuckMs: numberOf('lameDuckMs') },
      { graceMs: 0, lameDuckMs: 0 },
    ),
    maxRequests: numberOf('maxRequests'),
    maxRequestsJitter: numberOf('maxRequestsJitter'),
    maxLifetimeMs: numberOf('maxLifetime') * 1000,
    maxLifetimeJitterMs: numberOf('maxLifetimeJitter') * 1000,
    maxMemory: numberOf('maxMemory'),
    backoff: { ...defaultBackoff, ...given(backoff) },
    errors: options.errors ?? standardError,
  };
}

/** What is asked for, and what is usual for the rest. No timer holds more, and JSON knows no Infinity. */
export function stopTimes(asked: StopOptions, usual: StopTimes): StopTimes {
  return {
    graceMs: Math.min(asked.graceMs ?? usual.graceMs, LONGEST_TIMER),
    lameDuckMs: Math.min(asked.lameDuckMs ?? usual.lameDuckMs, LONGEST_TIMER),
  };
}

/** @throws {RangeError} */
export function checkWorkers(count: number): void {
  if (Number.isInteger(count) && count >= 1 && count <= MOST_WORKERS) return;
  throw new RangeError(`workers is ${String(count)}. It has to be a whole number from 1 to ${MOST_WORKERS}.`);
}

/** The same port for all of them would be a failure. */
function isForAll(option: string): boolean {
  return !/^--inspect(-|=|$)/.test(option);
}

function pathOf(program: string | URL): string {
  const path =
    program instanceof URL || program.startsWith('file:') ? fileURLToPath(program) : resolve(program);
  if (statSync(path, { throwIfNoEntry: false })?.isFile()) return path;
  throw new WorkersError(
    'FAPWS_WORKERS_PROGRAM',
    `There is no program ${path}. A path that begins with no slash is looked for in the folder in which this process runs; new URL('./server.ts', import.meta.url) is looked for beside the file that says so.`,
  );
}

function listOf(listen: Address | readonly Address[]): readonly Address[] {
  return Array.isArray(listen) ? listen : [listen as Address];
}

function given<T extends object>(options: T): Partial<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<T>;
}

function checkNames(what: string, options: object, known: readonly string[]): void {
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) {
      throw new RangeError(`There is no ${what} called ${name}. There are: ${known.join(', ')}.`);
    }
  }
}

function checkNumber(name: string, value: unknown, from: number): void {
  if (typeof value === 'number' && value >= from) return;
  throw new RangeError(`${name} is ${String(value)}. It has to be a number from ${from} on.`);
}
