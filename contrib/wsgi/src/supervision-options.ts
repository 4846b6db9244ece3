// How many processes there are, how long anybody waits for them, and when they are replaced.

import { checkKeys, checkNumber } from './checks.ts';

export interface SupervisionOptions {
  /** Processes that answer: a number, or how many at least and at most. @default 1 */
  readonly workers?: number | WorkersOptions | undefined;
  /** Requests that wait because all processes are busy. */
  readonly queue?: QueueOptions | undefined;
  /**
   * Seconds for which the application may give nothing to a request: until its answer begins, and between two pieces of it.
   * Waiting for a slow client does not count. Then the client gets 504, the log the stacks of the process's threads, and the
   * process is replaced. @default 60
   */
  readonly requestTimeout?: number | undefined;
  /** Requests after which a process is replaced. @default Infinity */
  readonly maxRequests?: number | undefined;
  /** How many more or fewer it may be, by chance, so that not all are replaced at once. @default a tenth of maxRequests */
  readonly maxRequestsJitter?: number | undefined;
  /** Seconds after which a process is replaced. @default Infinity */
  readonly maxLifetime?: number | undefined;
  /** How many more or fewer it may be, by chance. @default a tenth of maxLifetime */
  readonly maxLifetimeJitter?: number | undefined;
  /** Octets of resident memory above which a process is replaced. @default Infinity */
  readonly maxMemory?: number | undefined;
  /** Seconds in which a process that is to end may finish what it has; then it is killed. @default 30 */
  readonly gracefulTimeout?: number | undefined;
}

export interface WorkersOptions {
  /** Processes that are always there. */
  readonly min: number;
  /** Processes that there are while requests would have to wait otherwise. */
  readonly max: number;
  /** Seconds without a request after which one of those beyond `min` ends. @default 60 */
  readonly idle?: number | undefined;
}

export interface QueueOptions {
  /** Requests that may wait; another one is answered 503. @default 1024 */
  readonly length?: number | undefined;
  /** Seconds that a request may wait; then it is answered 504. @default 45 */
  readonly timeout?: number | undefined;
}

export interface WorkersSettings {
  readonly min: number;
  readonly max: number;
  readonly idle: number;
}

/** The same with nothing left open. Infinity stands for never, or for no limit. */
export interface SupervisionSettings {
  readonly workers: WorkersSettings;
  readonly queue: { readonly length: number; readonly timeout: number };
  readonly requestTimeout: number;
  readonly maxRequests: number;
  readonly maxRequestsJitter: number;
  readonly maxLifetime: number;
  readonly maxLifetimeJitter: number;
  readonly maxMemory: number;
  readonly gracefulTimeout: number;
}

export const supervisionNames: readonly (keyof SupervisionOptions)[] = [
  'workers',
  'queue',
  'requestTimeout',
  'maxRequests',
  'maxRequestsJitter',
  'maxLifetime',
  'maxLifetimeJitter',
  'maxMemory',
  'gracefulTimeout',
];

const MOST_WORKERS = 1024;
/** A day, in seconds: what is meant to be longer is meant to be never. */
const DAY = 86_400;
/** What a timer of Node can hold, in seconds: 24 days. */
const LONGEST = 2_147_483;
const NEVER = Number.POSITIVE_INFINITY;

/** @throws {RangeError} for what can't be meant */
export function supervisionOf(options: SupervisionOptions): SupervisionSettings {
  const { requestTimeout = 60, maxRequests = NEVER, maxLifetime = NEVER } = options;
  const { maxMemory = NEVER, gracefulTimeout = 30 } = options;
  checkNumber('requestTimeout', requestTimeout, 0.001, NEVER, false);
  checkNumber('maxRequests', maxRequests, 1, NEVER, true);
  checkNumber('maxLifetime', maxLifetime, 0.001, NEVER, false);
  if (maxLifetime !== NEVER) checkNumber('maxLifetime', maxLifetime, 0.001, LONGEST / 2, false);
  checkNumber('maxMemory', maxMemory, 1_048_576, NEVER, true);
  checkNumber('gracefulTimeout', gracefulTimeout, 0, DAY, false);
  return {
    workers: workersOf(options.workers ?? 1),
    queue: queueOf(options.queue ?? {}),
    requestTimeout,
    maxRequests,
    maxRequestsJitter: jitterOf('maxRequests', maxRequests, options.maxRequestsJitter, true),
    maxLifetime,
    maxLifetimeJitter: jitterOf('maxLifetime', maxLifetime, options.maxLifetimeJitter, false),
    maxMemory,
    gracefulTimeout,
  };
}

function workersOf(workers: number | WorkersOptions): WorkersSettings {
  if (typeof workers === 'number') {
    checkNumber('workers', workers, 1, MOST_WORKERS, true);
    return { min: workers, max: workers, idle: 60 };
  }
  checkKeys('workers', workers, ['min', 'max', 'idle']);
  const { min, max, idle = 60 } = workers;
  checkNumber('workers.min', min, 1, MOST_WORKERS, true);
  checkNumber('workers.max', max, min, MOST_WORKERS, true);
  checkNumber('workers.idle', idle, 0.1, NEVER, false);
  return { min, max, idle };
}

function queueOf(queue: QueueOptions): SupervisionSettings['queue'] {
  checkKeys('queue', queue, ['length', 'timeout']);
  const { length = 1024, timeout = 45 } = queue;
  checkNumber('queue.length', length, 0, NEVER, true);
  checkNumber('queue.timeout', timeout, 0.001, NEVER, false);
  return { length, timeout };
}

function jitterOf(name: string, value: number, jitter: number | undefined, whole: boolean): number {
  if (jitter === undefined) return value === NEVER ? 0 : whole ? Math.floor(value / 10) : value / 10;
  if (value === NEVER) {
    throw new RangeError(`${name}Jitter means nothing without ${name}. Give both, or neither.`);
  }
  checkNumber(`${name}Jitter`, jitter, 0, value, whole);
  return jitter;
}

/** A limit for one process. */
export function jittered(value: number, jitter: number): number {
  return value + jitter * (2 * Math.random() - 1);
}
