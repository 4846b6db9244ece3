// What a pool tells of itself: pythonApp(…).status().

import type { Counts } from './counts.ts';
import type { EndReason } from './events.ts';
import { residentNow } from './memory.ts';
import type { WorkerSettings } from './options.ts';
import type { Queue } from './queue.ts';
import type { ShedCounts } from './shedding.ts';
import type { Worker, WorkerState } from './worker.ts';

export interface PythonStatus {
  readonly application: string;
  /** `failing`: it can't be loaded, and nothing answers. */
  readonly state: 'starting' | 'ready' | 'failing' | 'reloading' | 'closing';
  /** Why it can't be loaded, with Python's traceback; null if it can. */
  readonly failure: string | null;
  /** Processes that there should be at present. */
  readonly wanted: number;
  readonly workers: readonly WorkerStatus[];
  readonly requests: RequestStatus;
  readonly queue: QueueStatus;
  /** How many processes have ended so far, by reason. */
  readonly ended: Readonly<Partial<Record<EndReason, number>>>;
}

export interface WorkerStatus {
  readonly pid: number | undefined;
  readonly state: WorkerState;
  /** Why it is to be replaced, or ends; null if neither. */
  readonly reason: EndReason | null;
  /** Threads that are at work. */
  readonly busy: number;
  /** Requests that it has; those beyond `busy` wait in the process. */
  readonly inFlight: number;
  /** Requests that it may have at a time: one for each thread, and some ahead while it is quick. */
  readonly capacity: number;
  /** Requests that it has had so far, with those that it has. */
  readonly requests: number;
  readonly startedAt: Date;
  /** Octets of resident memory; null where only `ps` could tell. */
  readonly resident: number | null;
}

/** Since the start. */
export interface RequestStatus {
  /** Handed to a process. */
  readonly begun: number;
  /** Answered 502, or cut, because their process has ended. */
  readonly lost: number;
  /** Taken back from a process that has ended before it had begun them. */
  readonly moved: number;
  /** To which the application has given nothing for `requestTimeout`. */
  readonly timedOut: number;
  /** Answered 503, because too many were waiting. */
  readonly refused: number;
  /** Answered 504, because they had waited for too long. */
  readonly late: number;
}

/** Times are in seconds. */
export interface QueueStatus {
  readonly length: number;
  /** For which the first one has waited. */
  readonly oldest: number;
  /** Requests that have waited and got a process, since the start, and how long they did. */
  readonly waited: { readonly count: number; readonly mean: number; readonly longest: number };
}

interface Seen {
  readonly settings: WorkerSettings;
  readonly workers: readonly Worker[];
  readonly wanted: number;
  readonly queue: Queue;
  readonly counts: Counts;
  readonly shed: ShedCounts;
  readonly failure: Error | null;
  readonly isReloading: boolean;
  readonly isClosing: boolean;
  /** Milliseconds of `performance.now()`. */
  readonly now: number;
}

export function statusOf(seen: Seen): PythonStatus {
  const { settings, workers, queue, counts, shed, failure, now } = seen;
  const { count, total, longest } = queue.waits;
  return {
    application: settings.application,
    state: stateOf(seen),
    failure: failure?.message ?? null,
    wanted: seen.wanted,
    workers: workers.map(worker => ({
      pid: worker.pid,
      state: worker.state,
      reason: worker.ending ?? worker.retiring,
      busy: worker.busy,
      inFlight: worker.inFlight,
      capacity: worker.capacity,
      requests: worker.requests,
      startedAt: new Date(Date.now() - (now - worker.startedAt)),
      resident: worker.pid === undefined ? null : residentNow(worker.pid),
    })),
    requests: {
      begun: workers.reduce((sum, { requests }) => sum + requests, counts.past),
      lost: counts.lost,
      moved: counts.moved,
      timedOut: counts.timedOut,
      ...shed,
    },
    queue: {
      length: queue.length,
      oldest: queue.oldest(now) / 1000,
      waited: { count, mean: count === 0 ? 0 : total / count / 1000, longest: longest / 1000 },
    },
    ended: { ...counts.ended },
  };
}

function stateOf({ workers, failure, isReloading, isClosing }: Seen): PythonStatus['state'] {
  if (isClosing) return 'closing';
  if (isReloading) return 'reloading';
  if (workers.some(({ state }) => state === 'ready')) return 'ready';
  return failure === null ? 'starting' : 'failing';
}
