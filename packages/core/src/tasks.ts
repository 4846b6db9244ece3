// Timers and deferred work, as Fapws3 had them, without its limits of ten timers and one argument.

import type { Loop, LoopTimer } from './loop/types.ts';

/** A periodic call; see `Server.addTimer`. */
export interface Timer {
  /** Stops it until `restart`. */
  stop(): void;
  /** Begins a full period anew. */
  restart(): void;
}

export interface DeferOptions {
  /** Do nothing if the same function waits already. @default false */
  readonly combine?: boolean | undefined;
}

/** Reports what a task threw. */
export type ReportFailure = (what: string, error: unknown) => void;

/** The timers and the queue of one server. They run while the server does. */
export class Tasks {
  readonly #loop: Loop;
  readonly #report: ReportFailure;
  readonly #timers: TaskTimer[] = [];
  readonly #queue: (() => unknown)[] = [];
  #running = false;
  #scheduled = false;

  constructor(loop: Loop, report: ReportFailure) {
    this.#loop = loop;
    this.#report = report;
  }

  /** How many deferred functions wait. */
  get waiting(): number {
    return this.#queue.length;
  }

  addTimer(seconds: number, task: () => unknown): Timer {
    if (!(seconds > 0) || seconds > 2_147_483) {
      throw new RangeError(
        `A timer's period is a number of seconds above 0 and up to 2147483, not ${seconds}.`,
      );
    }
    const timer = new TaskTimer(this.#loop, seconds * 1000, task, this.#report);
    this.#timers.push(timer);
    if (this.#running) timer.restart();
    return timer;
  }

  defer(task: () => unknown, { combine = false }: DeferOptions = {}): void {
    if (combine && this.#queue.includes(task)) return;
    this.#queue.push(task);
    this.#schedule();
  }

  start(): void {
    this.#running = true;
    for (const timer of this.#timers) timer.begin();
    this.#schedule();
  }

  /** Stops the timers; what is deferred still runs. */
  stop(): void {
    this.#running = false;
    for (const timer of this.#timers) timer.stop();
  }

  /** One function per turn of the loop, so that a long queue does not delay requests. */
  #schedule(): void {
    if (this.#scheduled || this.#queue.length === 0) return;
    this.#scheduled = true;
    this.#loop.defer(() => {
      this.#scheduled = false;
      const task = this.#queue.shift();
      if (task !== undefined) runTask('a deferred function', task, this.#report);
      this.#schedule();
    });
  }
}

class TaskTimer implements Timer {
  readonly #loop: Loop;
  readonly #milliseconds: number;
  readonly #task: () => unknown;
  readonly #report: ReportFailure;
  #timer: LoopTimer | null = null;
  #stopped = false;

  constructor(loop: Loop, milliseconds: number, task: () => unknown, report: ReportFailure) {
    this.#loop = loop;
    this.#milliseconds = milliseconds;
    this.#task = task;
    this.#report = report;
  }

  /** Begins with the server, unless it was stopped before. */
  begin(): void {
    if (!this.#stopped) this.restart();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.stop();
  }

  restart(): void {
    this.#stopped = false;
    if (this.#timer === null) this.#timer = this.#loop.addTimer(this.#milliseconds, () => this.#run(), true);
    else this.#timer.restart();
  }

  /** A task that answers false, or fails, is not called again. */
  #run(): void {
    const stop = (): void => this.stop();
    runTask('a timer', this.#task, this.#report, stop);
  }
}

/** Runs a task that may be asynchronous. @param stop called when it answers false or fails */
function runTask(what: string, task: () => unknown, report: ReportFailure, stop?: () => void): void {
  const failed = (error: unknown): void => {
    stop?.();
    report(what, error);
  };
  try {
    const result = task();
    if (result === false) stop?.();
    else if (result instanceof Promise) {
      result.then(settled => {
        if (settled === false) stop?.();
      }, failed);
    }
  } catch (error) {
    failed(error);
  }
}
