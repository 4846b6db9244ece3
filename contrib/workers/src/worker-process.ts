// A worker as the primary sees it: started, ready, told to stop, ended; and what is done about one that is not as it should be.

import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import type { Address } from '@fapws/core';
import { CHANNEL, Channel } from './channel.ts';
import { WorkersError } from './errors.ts';
import { publish, type RestartReason } from './events.ts';
import { type Assignment, type Order, reportOf, type StopTimes, VARIABLE, type Vitals } from './messages.ts';
import { LONGEST_TIMER, type Settings } from './options.ts';

export type WorkerState = 'starting' | 'ready' | 'stopping' | 'ended';

/** Is told what happens, after it has. */
export interface WorkerWatcher {
  /** New vitals. */
  looked(worker: WorkerProcess): void;
  /** It stops, or has ended, and nobody has told it to. */
  lost(worker: WorkerProcess, reason: RestartReason): void;
  /** For people. */
  say(text: string): void;
}

/** Milliseconds that a worker has between the end of its grace period and its own end. */
const RESERVE = 5000;
/** The same when nothing is waited for any more. */
const SHORT_RESERVE = 1000;
/** Milliseconds after which a process that SIGABRT did not end is killed: writing a core takes its time. */
const LAST_CHANCE = 2000;
/** Milliseconds for what a process has said before it ended. */
const LAST_WORDS = 1000;

const unknownVitals: Vitals = { rss: 0, lag: 0, busy: 0, requests: 0 };

export class WorkerProcess {
  readonly id: number;
  readonly startedAt: number = performance.now();
  /** When it has lived long enough, by `performance.now()`. */
  readonly dueAt: number;
  readonly maxRequests: number;
  state: WorkerState = 'starting';
  vitals: Vitals = unknownVitals;
  /** Where it listens. */
  addresses: readonly Address[] = [];
  /** Resolves when it serves. @throws {WorkersError} FAPWS_WORKERS_START when it has ended before */
  readonly whenReady: Promise<void>;
  readonly whenEnded: Promise<void>;
  readonly #settings: Settings;
  readonly #watcher: WorkerWatcher;
  readonly #child: ChildProcess | null;
  readonly #channel: Channel | null = null;
  #readyAt = Number.NaN;
  /** Ticks of the supervisor since the last sign of life. */
  #silence = 0;
  /** Whether somebody here has told it to stop, or ended it. */
  #told = false;
  #hung = false;
  /** Why it can't serve, as far as is known before it has ended. */
  #why = '';
  /** When it is killed if it has not ended by then. */
  #deadline = Number.POSITIVE_INFINITY;
  #killer: NodeJS.Timeout | undefined;
  readonly #starting: NodeJS.Timeout;
  #becameReady: () => void = () => {};
  #failed: (error: WorkersError) => void = () => {};
  #hasEnded: () => void = () => {};

  /** @param sockets the descriptors that it inherits */
  constructor(settings: Settings, id: number, sockets: readonly number[], watcher: WorkerWatcher) {
    this.#settings = settings;
    this.#watcher = watcher;
    this.id = id;
    this.dueAt = this.startedAt + around(settings.maxLifetimeMs, settings.maxLifetimeJitterMs);
    this.maxRequests = Math.ceil(around(settings.maxRequests, settings.maxRequestsJitter));
    this.whenReady = new Promise((resolve, reject) => {
      this.#becameReady = resolve;
      this.#failed = reject;
    });
    // Whoever waits for it is told; that nobody does is no failure of this process.
    this.whenReady.catch(() => {});
    this.whenEnded = new Promise(resolve => {
      this.#hasEnded = resolve;
    });
    this.#starting = setTimeout(() => this.#tooLate(), Math.min(settings.startMs, LONGEST_TIMER));
    this.#child = this.#spawn(sockets);
    if (this.#child?.pid === undefined) return;
    publish({ event: 'starting', id, pid: this.pid });
    const socket = this.#child.stdio[CHANNEL] as Socket;
    this.#channel = new Channel(socket, message => this.#hear(message));
    this.#child.once('exit', (code, signal) => {
      const end = (): void => this.#end(code, signal);
      if (socket.closed) end();
      else {
        socket.once('close', end);
        setTimeout(end, LAST_WORDS).unref();
      }
    });
  }

  /** 0 if it could not be started. */
  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** `worker 2 (process 4242)` */
  get name(): string {
    return `worker ${this.id}${this.pid === 0 ? '' : ` (process ${this.pid})`}`;
  }

  /** Whether the primary has told it to stop. */
  get told(): boolean {
    return this.#told;
  }

  /** For how long it has served, in milliseconds. */
  get servedMs(): number {
    return Number.isNaN(this.#readyAt) ? 0 : performance.now() - this.#readyAt;
  }

  /** Tells it to stop, or to be quicker about it. It is killed when it takes longer than it may. */
  stop(options: StopTimes): void {
    if (this.state === 'ended') return;
    this.#told = true;
    if (this.state === 'starting') this.#kill('SIGTERM');
    else this.#order({ stop: options });
    this.#becomeStopping(options);
  }

  /** Tells the listeners that the program has for signals. */
  announce(signals: readonly NodeJS.Signals[]): void {
    if (this.state === 'ready') this.#order({ signals });
  }

  /** The supervisor's clock. It counts ticks: after a pause of the whole machine no worker has been silent for long. */
  tick(mostSilence: number): void {
    if (this.state !== 'ready' || this.#hung) return;
    this.#silence += 1;
    if (this.#silence <= mostSilence) return;
    this.#hung = true;
    this.#watcher.say(
      `${this.name}: no sign of life for ${this.#settings.heartbeatMs / 1000} s, so it is ended by SIGABRT: its event loop stands still`,
    );
    publish({ event: 'hanging', id: this.id, pid: this.pid });
    this.#kill('SIGABRT');
    this.#killAfter(LAST_CHANCE);
  }

  #spawn(sockets: readonly number[]): ChildProcess | null {
    const { execArgv, program, args, env, cwd, uid, gid, heartbeatMs, stop } = this.#settings;
    const assignment: Assignment = {
      primary: process.pid,
      id: this.id,
      sockets: sockets.length,
      beatMs: beatOf(heartbeatMs),
      maxRequests: Number.isFinite(this.maxRequests) ? this.maxRequests : 0,
      stop,
    };
    try {
      const child = spawn(process.execPath, [...execArgv, program, ...args], {
        cwd,
        env: { ...process.env, ...env, [VARIABLE]: JSON.stringify(assignment) },
        stdio: ['ignore', 'inherit', 'inherit', 'pipe', ...sockets],
        ...(uid === undefined ? {} : { uid }),
        ...(gid === undefined ? {} : { gid }),
      });
      child.on('error', error => {
        // With a process there is, it is only that a signal did not reach it.
        if (child.pid === undefined) this.#notSpawned(error);
      });
      return child;
    } catch (error) {
      setImmediate(() => this.#notSpawned(error as Error));
      return null;
    }
  }

  #notSpawned(error: Error): void {
    this.#why = `it could not be started: ${error.message}`;
    this.#end(null, null);
  }

  #hear(message: unknown): void {
    const { ready, vitals, stopping, failed } = reportOf(message);
    this.#silence = 0;
    if (ready !== undefined && this.state === 'starting') this.#becomeReady(ready);
    if (vitals !== undefined) {
      this.vitals = vitals;
      this.#watcher.looked(this);
    }
    if (failed !== undefined) this.#why = failed;
    if (stopping !== undefined && this.state === 'ready') {
      this.#watcher.say(`${this.name} stops by itself`);
      this.#becomeStopping(this.#settings.stop);
      this.#watcher.lost(this, 'exit');
    }
  }

  #becomeReady(addresses: readonly Address[]): void {
    clearTimeout(this.#starting);
    this.state = 'ready';
    this.#readyAt = performance.now();
    this.addresses = addresses;
    publish({ event: 'ready', id: this.id, pid: this.pid });
    this.#becameReady();
  }

  #becomeStopping({ graceMs, lameDuckMs }: StopTimes): void {
    if (this.state !== 'stopping') publish({ event: 'stopping', id: this.id, pid: this.pid });
    this.state = 'stopping';
    this.#killAfter(lameDuckMs + graceMs + (graceMs > 0 ? RESERVE : SHORT_RESERVE));
  }

  #tooLate(): void {
    const { startMs, program } = this.#settings;
    this.#why = `it has not said within ${startMs / 1000} s that it serves. Does ${program} call run(server) of @fapws/workers? If it needs longer, raise startTimeout`;
    this.#kill('SIGKILL');
  }

  #order(order: Order): void {
    this.#channel?.send(order);
  }

  /** The earliest of all deadlines counts. */
  #killAfter(milliseconds: number): void {
    const deadline = performance.now() + milliseconds;
    if (deadline >= this.#deadline) return;
    this.#deadline = deadline;
    clearTimeout(this.#killer);
    this.#killer = setTimeout(
      () => {
        if (!this.#hung) this.#watcher.say(`${this.name} has been told to stop and has not ended: killed`);
        this.#kill('SIGKILL');
      },
      Math.min(milliseconds, LONGEST_TIMER),
    );
  }

  #kill(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  #end(code: number | null, signal: NodeJS.Signals | null): void {
    if (this.state === 'ended') return;
    // One that was told to stop while it started is stopping, but nobody was told that it served.
    const hasServed = !Number.isNaN(this.#readyAt);
    const wasLost = this.state === 'stopping' && !this.#told;
    this.state = 'ended';
    clearTimeout(this.#starting);
    clearTimeout(this.#killer);
    const ended = `ended ${signal === null ? `with exit code ${code}` : `by ${signal}`}`;
    const reason = this.#told ? null : this.#reason(hasServed, code);
    publish({ event: 'ended', id: this.id, pid: this.pid, code, signal, reason });
    if (!hasServed) this.#failed(new WorkersError('FAPWS_WORKERS_START', this.#whyNotReady(ended)));
    else if (reason !== null && !(wasLost && code === 0)) this.#watcher.say(`${this.name} ${ended}`);
    // One that stops by itself was lost before: nobody counts on it any more, and nothing is done then.
    if (reason !== null) this.#watcher.lost(this, reason);
    this.#hasEnded();
  }

  #reason(hasServed: boolean, code: number | null): RestartReason {
    if (!hasServed) return 'start';
    if (this.#hung) return 'hang';
    return code === 0 ? 'exit' : 'crash';
  }

  #whyNotReady(ended: string): string {
    if (this.#why !== '') return `${this.name} does not serve: ${this.#why}.`;
    return `${this.name} ${ended} before it served: see what ${this.#settings.program} has printed. A worker calls run(server) of @fapws/workers and ends after that.`;
  }
}

/** Milliseconds between two signs of life, for a worker that is given up after `heartbeatMs` without one. */
export function beatOf(heartbeatMs: number): number {
  return Math.min(1000, heartbeatMs / 4);
}

function around(value: number, jitter: number): number {
  return Math.max(value + (2 * Math.random() - 1) * jitter, Math.min(value, 1));
}
