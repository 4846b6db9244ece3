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
  /** Those that call while the server runs. A stopped one is not among them, so that timers may come and go. */
  readonly #timers = new Set<TaskTimer>();
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
    checkTask(task, 'addTimer');
    if (typeof seconds !== 'number' || !(seconds > 0) || seconds > 2_147_483) {
      throw new RangeError(
        `A timer's period is a number of seconds above 0 and up to 2147483, not ${String(seconds)}.`,
      );
    }
    const timer = new TaskTimer(this, seconds * 1000, task);
    timer.restart();
    return timer;
  }

  /** Has a timer call while the server runs, from now or from the start on. */
  keep(timer: TaskTimer): void {
    this.#timers.add(timer);
    if (this.#running) timer.begin(this.#loop);
  }

  forget(timer: TaskTimer): void {
    this.#timers.delete(timer);
  }

  defer(task: () => unknown, { combine = false }: DeferOptions = {}): void {
    checkTask(task, 'defer');
    if (combine && this.#queue.includes(task)) return;
    this.#queue.push(task);
    this.#schedule();
  }

  start(): void {
    this.#running = true;
    for (const timer of this.#timers) timer.begin(this.#loop);
    this.#schedule();
  }

  /** Stops the timers; what is deferred still runs. */
  stop(): void {
    this.#running = false;
    for (const timer of this.#timers) timer.halt();
  }

  /** Runs a task that may be asynchronous. @param stop called when it answers false */
  run(what: string, task: () => unknown, stop?: () => void): void {
    const failed = (error: unknown): void => this.#report(what, error);
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

  /** One function per turn of the loop, so that a long queue does not delay requests. */
  #schedule(): void {
    if (this.#scheduled || this.#queue.length === 0) return;
    this.#scheduled = true;
    this.#loop.defer(() => {
      this.#scheduled = false;
      const task = this.#queue.shift();
      if (task !== undefined) this.run('a deferred function', task);
      this.#schedule();
    });
  }
}

class TaskTimer implements Timer {
  readonly #tasks: Tasks;
  readonly #milliseconds: number;
  readonly #task: () => unknown;
  #timer: LoopTimer | null = null;

  constructor(tasks: Tasks, milliseconds: number, task: () => unknown) {
    this.#tasks = tasks;
    this.#milliseconds = milliseconds;
    this.#task = task;
  }

  stop(): void {
    this.#tasks.forget(this);
    this.halt();
  }

  restart(): void {
    this.#tasks.keep(this);
  }

  /** The server runs. */
  begin(loop: Loop): void {
    if (this.#timer === null) this.#timer = loop.addTimer(this.#milliseconds, () => this.#call(), true);
    else this.#timer.restart();
  }

  /** The server runs no more. */
  halt(): void {
    this.#timer?.stop();
  }

  /** A task that answers false is not called again. */
  #call(): void {
    this.#tasks.run('a timer', this.#task, () => this.stop());
  }
}

function checkTask(task: unknown, where: string): void {
  if (typeof task !== 'function')
    throw new TypeError(`${where}: the task is a ${typeof task}, not a function.`);
}
