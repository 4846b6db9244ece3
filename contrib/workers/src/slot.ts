// One place among the workers: keeps a process serving there, whatever becomes of the one before.

import type { WorkersError } from './errors.ts';
import type { RestartReason } from './events.ts';
import type { StopTimes } from './messages.ts';
import type { Settings } from './options.ts';
import type { Hold, Sockets } from './sockets.ts';
import { WorkerProcess, type WorkerState, type WorkerWatcher } from './worker-process.ts';

/** How a worker is. */
export interface WorkerStatus {
  readonly id: number;
  /** 0 while there is no process. */
  readonly pid: number;
  /** `waiting` for its back-off. */
  readonly state: Exclude<WorkerState, 'ended'> | 'waiting';
  /** Seconds since it was started. */
  readonly uptime: number;
  /** How many processes came here in place of another one, by reason. */
  readonly restarts: Readonly<Record<RestartReason, number>>;
  /** Failures in a row. */
  readonly failures: number;
  /** Resident memory, octets. */
  readonly rss: number;
  /** How long the event loop was busy when a sign of life was due, milliseconds. */
  readonly lag: number;
  /** The part of the last second in which the event loop was busy, from 0 to 1. */
  readonly busy: number;
  /** Requests so far; 0 without `maxRequests`, since they are not counted then. */
  readonly requests: number;
}

export interface ReplaceOptions {
  /**
   * Whether the new process serves before the old one stops. Without it connections wait for the new one, and no request is
   * answered by the old one any more. @default true
   */
  readonly overlap?: boolean | undefined;
}

export class Slot {
  readonly id: number;
  readonly restarts: Record<RestartReason, number> = {
    start: 0,
    crash: 0,
    exit: 0,
    hang: 0,
    memory: 0,
    requests: 0,
    lifetime: 0,
    restart: 0,
  };
  readonly #settings: Settings;
  readonly #sockets: Sockets;
  /** What its processes inherit. */
  #hold: Hold | null = null;
  readonly #watcher: WorkerWatcher;
  /** All processes that have not ended. */
  readonly #processes = new Set<WorkerProcess>();
  /** The one that serves, or is to. */
  #current: WorkerProcess | null = null;
  /** The one that is started to take its place. */
  #successor: WorkerProcess | null = null;
  #failures = 0;
  #backoff: NodeJS.Timeout | undefined;
  #retired = false;

  constructor(settings: Settings, id: number, sockets: Sockets, watcher: Omit<WorkerWatcher, 'lost'>) {
    this.#settings = settings;
    this.id = id;
    this.#sockets = sockets;
    this.#watcher = {
      looked: worker => watcher.looked(worker),
      say: text => watcher.say(text),
      lost: (worker, reason) => this.#lost(worker, reason),
    };
  }

  get current(): WorkerProcess | null {
    return this.#current;
  }

  get processes(): Iterable<WorkerProcess> {
    return this.#processes;
  }

  /** Starts the first one. @throws {WorkersError} FAPWS_WORKERS_START; another one is started all the same */
  async start(): Promise<void> {
    this.#current = this.#launch();
    await this.#current.whenReady;
  }

  /**
   * Has another process take the place of this one.
   * @throws {WorkersError} FAPWS_WORKERS_START when that one does not get to serve; the old one goes on then
   */
  async replace(reason: RestartReason, { overlap = true }: ReplaceOptions = {}): Promise<void> {
    try {
      if (!this.#retired) await this.#replace(reason, overlap);
    } catch (error) {
      // Nothing is to serve here any more.
      if (!this.#retired) throw error;
    }
  }

  async #replace(reason: RestartReason, overlap: boolean): Promise<void> {
    const old = this.#current;
    if (old === null) {
      // It would come later by itself.
      clearTimeout(this.#backoff);
      await this.#again(reason).whenReady;
      return;
    }
    if (!overlap) {
      this.#current = null;
      await this.#dismiss(old);
      if (this.#retired) return;
      await this.#again(reason).whenReady;
      return;
    }
    const successor = this.#launch();
    this.#successor = successor;
    try {
      await successor.whenReady;
    } catch (error) {
      this.#successor = null;
      // The old one has ended meanwhile.
      if (this.#current === null) this.#lost(null, 'start');
      throw error;
    }
    this.#successor = null;
    this.#current = successor;
    this.restarts[reason] += 1;
    await this.#dismiss(old);
  }

  /** Ends the place. Resolves when all of its processes have ended. */
  async retire(options: StopTimes): Promise<void> {
    this.#retired = true;
    clearTimeout(this.#backoff);
    for (const one of this.#processes) one.stop(options);
    await Promise.all([...this.#processes].map(one => one.whenEnded));
    this.#hold?.release();
  }

  *status(): Generator<WorkerStatus> {
    const { id, restarts } = this;
    const own = { id, restarts: { ...restarts }, failures: this.#failures };
    if (this.#processes.size === 0 && !this.#retired) {
      yield { ...own, pid: 0, state: 'waiting', uptime: 0, rss: 0, lag: 0, busy: 0, requests: 0 };
    }
    for (const { pid, state, startedAt, vitals } of this.#processes) {
      if (state === 'ended') continue;
      yield { ...own, pid, state, uptime: (performance.now() - startedAt) / 1000, ...vitals };
    }
  }

  #launch(): WorkerProcess {
    this.#hold ??= this.#sockets.take();
    const one = new WorkerProcess(this.#settings, this.id, this.#hold.fds, this.#watcher);
    this.#processes.add(one);
    void one.whenEnded.then(() => this.#processes.delete(one));
    return one;
  }

  #again(reason: RestartReason): WorkerProcess {
    this.restarts[reason] += 1;
    const one = this.#launch();
    this.#current = one;
    one.whenReady.catch((error: WorkersError) => {
      if (!one.told) this.#watcher.say(error.message);
    });
    return one;
  }

  /** A worker that is replaced need not wait until a balancer has noticed. */
  async #dismiss(old: WorkerProcess): Promise<void> {
    old.stop({ ...this.#settings.stop, lameDuckMs: 0 });
    await old.whenEnded;
  }

  #lost(worker: WorkerProcess | null, reason: RestartReason): void {
    if (worker !== this.#current) return;
    this.#current = null;
    if (this.#retired || this.#successor !== null) return;
    const { first, longest, stable } = this.#settings.backoff;
    this.#failures = (worker?.servedMs ?? 0) >= stable * 1000 ? 1 : this.#failures + 1;
    const seconds = this.#failures === 1 ? 0 : Math.min(first * 2 ** (this.#failures - 2), longest);
    if (seconds > 0) {
      this.#watcher.say(
        `worker ${this.id} has failed ${this.#failures} times in a row; another process is started in ${seconds} s`,
      );
      if (this.#hold?.release()) this.#hold = null;
    }
    this.#backoff = setTimeout(() => {
      try {
        this.#again(reason);
      } catch (error) {
        // Its sockets could not be opened again.
        this.#watcher.say(`worker ${this.id} can't be started: ${(error as Error).message}`);
        this.#lost(null, reason);
      }
    }, seconds * 1000);
  }
}
