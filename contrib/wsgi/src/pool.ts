// The processes of one application and the requests that wait for them: who answers what, and who takes the place of whom.

import type { Environ, Result, StartResponse } from '@fapws/core';
import { BackOff } from './back-off.ts';
import { Call } from './call.ts';
import { Coalesced } from './coalesced.ts';
import type { Content } from './content.ts';
import { Counts } from './counts.ts';
import { Deferred } from './deferred.ts';
import { WorkerError } from './errors.ts';
import type { EndReason } from './events.ts';
import { Generation } from './generation.ts';
import { leastBusy } from './least-busy.ts';
import type { WorkerSettings } from './options.ts';
import { PatientClock } from './patient-clock.ts';
import type { Launcher } from './process.ts';
import { Queue } from './queue.ts';
import { Recycling } from './recycling.ts';
import { Reports } from './reports.ts';
import { Shedding } from './shedding.ts';
import { Sizing } from './sizing.ts';
import { stacksOf } from './stacks.ts';
import { type PythonStatus, statusOf } from './status.ts';
import type { FileState } from './watch.ts';
import { Worker, type WorkerExit, type WorkerOwner } from './worker.ts';

/** Milliseconds between two looks at requests that are under way, at most. */
const LOOK = 250;
/** Milliseconds between two looks at processes that may have to be replaced, or are not needed. */
const INSPECTION = 1000;

export class Pool implements WorkerOwner {
  /** In development: told of the files that the application consists of. */
  readFiles: (files: readonly FileState[]) => void = () => {};
  readonly #settings: WorkerSettings;
  readonly #makeLauncher: () => Launcher;
  #launcher: Launcher;
  /** Which launcher each was started by. */
  readonly #workers = new Map<Worker, Launcher>();
  /** Those that take requests, the oldest first. */
  #ready: Worker[] = [];
  readonly #queue = new Queue();
  readonly #shedding: Shedding;
  readonly #reports: Reports;
  readonly #sizing: Sizing;
  readonly #recycling: Recycling;
  readonly #backOff = new BackOff();
  readonly #counts = new Counts();
  readonly #look: number;
  #lookTimer: NodeJS.Timeout | null = null;
  readonly #clock: PatientClock;
  #inspectionTimer: NodeJS.Timeout | undefined;
  #failure: WorkerError | null = null;
  #generation: Generation | null = null;
  readonly #reloads = new Coalesced(() => this.#reload());
  readonly #started = new Deferred<void>();
  #closing: Deferred<void> | null = null;

  /** @param makeLauncher makes what starts the processes of one generation */
  constructor(settings: WorkerSettings, makeLauncher: () => Launcher) {
    this.#settings = settings;
    this.#makeLauncher = makeLauncher;
    this.#shedding = new Shedding(settings);
    this.#reports = new Reports(settings);
    this.#sizing = new Sizing(settings.workers);
    this.#recycling = new Recycling(settings);
    this.#look = Math.min(LOOK, settings.requestTimeout * 250, settings.queue.timeout * 250);
    this.#clock = new PatientClock(this.#look);
    // Who does not ask has it in the log, and gets it as the answer to every request.
    this.ready.catch(() => {});
    this.#launcher = makeLauncher();
    for (let at = 0; at < this.#sizing.wanted; at += 1) this.#start(true);
    if (this.#recycling.isWanted || this.#sizing.isElastic) {
      this.#inspectionTimer = setInterval(() => void this.#inspect(), INSPECTION).unref();
    }
  }

  /** Resolves when as many processes as there should be at least are ready; rejects when one of those first ones fails. */
  get ready(): Promise<void> {
    return this.#started.promise;
  }

  /**
   * HOT. Has a request answered.
   * @param content the request's content; null when it has none, undefined when it is to be streamed
   */
  call(environ: Environ, startResponse: StartResponse, content: Content): Promise<Result> {
    return new Promise((resolve, reject) => {
      const call = new Call(environ, startResponse, content, resolve, reject);
      if (this.#lookTimer === null) this.#beginToLook();
      const worker = this.#queue.length === 0 ? leastBusy(this.#ready) : null;
      if (worker === null) this.#enqueue(call);
      else worker.begin(call);
    });
  }

  /** HOT. Whether a request that came now would be refused: of such a one nothing need be read. */
  get refuses(): boolean {
    const waiting = this.#queue.length;
    if (waiting >= this.#settings.queue.length) return waiting > 0 || leastBusy(this.#ready) === null;
    return this.#ready.length === 0 && (this.#closing !== null || this.#failure !== null);
  }

  #beginToLook(): void {
    this.#clock.start();
    this.#lookTimer = setInterval(this.#lookAround, this.#look);
  }

  #enqueue(call: Call): void {
    if (this.#closing !== null) this.#shedding.turnAway(call);
    else if (this.#failure !== null && this.#ready.length === 0) this.#shedding.fail(call, this.#failure);
    else if (this.#queue.length >= this.#settings.queue.length) this.#shedding.refuse(call);
    else this.#queue.push(call, performance.now());
  }

  /** HOT. WorkerOwner. */
  onFree(worker: Worker): void {
    if (this.#queue.length !== 0) this.#serve();
    if (worker.requests >= this.#settings.maxRequests - this.#settings.maxRequestsJitter) this.#recycle();
    if (this.#closing !== null) this.#endWhenServed();
  }

  /** Hands out what waits. */
  #serve(): void {
    const now = performance.now();
    const latest = now - this.#settings.queue.timeout * 1000;
    for (;;) {
      const worker = leastBusy(this.#ready);
      if (worker === null) return;
      const call = this.#queue.shift();
      if (call === undefined) return;
      if (call.queuedAt < latest) this.#shedding.expire(call);
      else {
        this.#queue.served(call, now);
        worker.begin(call);
      }
    }
  }

  readonly #lookAround = (): void => {
    const now = performance.now();
    const watched = this.#clock.tick();
    let underWay = 0;
    for (const worker of this.#workers.keys()) {
      worker.look(watched);
      underWay += worker.inFlight;
    }
    for (const call of this.#queue.sweep(now - this.#settings.queue.timeout * 1000)) {
      this.#shedding.expire(call);
    }
    this.#shedding.log(now);
    if (this.#queue.length > 0) {
      const isMore = this.#sizing.grow(this.#queue.oldest(now), this.#starting > 0);
      if (isMore && this.#closing === null) this.#fill();
    } else if (underWay === 0 && this.#lookTimer !== null) {
      clearInterval(this.#lookTimer);
      this.#lookTimer = null;
    }
  };

  /** Why no process can load the application; null as soon as one could. */
  get failure(): WorkerError | null {
    return this.#failure;
  }

  #start(keepsAlive: boolean): void {
    this.#workers.set(new Worker(this.#settings, this.#launcher, this, keepsAlive), this.#launcher);
  }

  /** Starts as many as there should be, unless it is not the time. */
  #fill(): void {
    if (this.#closing !== null || this.#backOff.waiting) return;
    let count = this.#starting + this.#ready.length;
    for (const worker of this.#ready) if (worker.retiring !== null) count -= 1;
    // While nothing can be loaded, one shows whether that is over.
    const wanted = this.#failure === null || this.#ready.length > 0 ? this.#sizing.wanted : 1;
    for (; count < wanted; count += 1) this.#start(false);
  }

  get #starting(): number {
    return [...this.#workers.keys()].filter(({ state }) => state === 'starting').length;
  }

  /** WorkerOwner. */
  onReady(worker: Worker): void {
    this.#reports.ready(worker);
    this.#ready.push(worker);
    if (this.#failure !== null) {
      this.#failure = null;
      this.#backOff.reset();
      this.#fill();
    }
    if (this.#ready.length >= this.#settings.workers.min) this.#started.resolve();
    this.#relieve();
    this.#serve();
    if (this.#closing !== null) this.#endWhenServed();
  }

  /** Lets one end that was to be replaced, if there are enough without it. */
  #relieve(): void {
    if (this.#ready.length <= this.#sizing.wanted) return;
    const worker = this.#ready.find(each => each.retiring !== null);
    if (worker !== undefined) this.#end(worker, worker.retiring as EndReason);
  }

  #end(worker: Worker, reason: EndReason): void {
    this.#ready = this.#ready.filter(each => each !== worker);
    worker.end(reason, this.#settings.gracefulTimeout);
  }

  /** WorkerOwner. */
  onFailed(worker: Worker, error: WorkerError): void {
    this.#reports.failed(worker, error);
    if (this.#closing !== null) return;
    this.#started.reject(error);
    const isKnown = this.#failure !== null && this.#backOff.waiting;
    this.#failure = error;
    if (this.#ready.length === 0) for (const call of this.#queue.takeAll()) this.#shedding.fail(call, error);
    if (isKnown) return;
    // In development the next request tries again, or the next change.
    this.#tryLater(this.#settings.reload === null ? this.#backOff.failed(0) : 0, error.message);
  }

  /** @param delay milliseconds; 0 for at once, or not at all */
  #tryLater(delay: number, what: string): void {
    this.#reports.attempt(what, delay);
    if (delay > 0) this.#backOff.wait(delay, () => this.#fill());
  }

  /** WorkerOwner. */
  onExited(worker: Worker, exit: WorkerExit): void {
    this.#reports.exited(worker, exit);
    this.#counts.exited(worker, exit);
    this.#ready = this.#ready.filter(each => each !== worker);
    this.#queue.putBack(exit.moved, performance.now());
    this.#forget(worker);
    if (worker.ending === 'crash') {
      const lifetime = performance.now() - worker.readyAt;
      this.#tryLater(this.#closing === null ? this.#backOff.failed(lifetime) : 0, this.#reports.crash(exit));
    }
    this.#fill();
    this.#serve();
    if (this.#closing !== null) this.#endWhenServed();
  }

  #forget(worker: Worker): void {
    const launcher = this.#workers.get(worker);
    this.#workers.delete(worker);
    const isNeeded = launcher === this.#launcher && this.#closing === null;
    if (!isNeeded && ![...this.#workers.values()].includes(launcher as Launcher)) launcher?.close();
  }

  /** WorkerOwner. */
  onStuck(worker: Worker, call: Call): void {
    const isFirst = worker.ending !== 'timeout';
    const what = this.#reports.stuck(worker, call, isFirst);
    this.#counts.timedOut += 1;
    call.answerInstead(
      '504 Gateway Timeout',
      [],
      'The application took too long.\n',
      new WorkerError('FAPWS_WSGI_TIMEOUT', what),
    );
    if (!isFirst) return;
    // The other requests that it has begun may come to their end.
    this.#end(worker, 'timeout');
    void worker.dump().then(stacks => {
      if (stacks === '') this.#reports.silent(worker);
      worker.killIfDone();
    });
    this.#fill();
  }

  /** WorkerOwner. */
  onFiles(files: readonly FileState[]): void {
    this.readFiles(files);
  }

  async #inspect(): Promise<void> {
    const now = performance.now();
    if (this.#queue.length === 0 && !this.#reloads.isRunning) {
      const idle = this.#sizing.shrink(this.#ready, now);
      if (idle !== null) this.#retire(idle, 'idle', '');
    }
    await this.#recycling.sample(this.#ready);
    this.#recycle();
  }

  /** One at a time, so that there are always enough. */
  #recycle(): void {
    if (this.#closing !== null || this.#reloads.isRunning) return;
    if (this.#ready.some(worker => worker.retiring !== null)) return;
    const worn = this.#recycling.worn(this.#ready, performance.now());
    if (worn === null) return;
    this.#retire(worn.worker, worn.reason, worn.why);
  }

  /** @param why empty where nobody has to know */
  #retire(worker: Worker, reason: EndReason, why: string): void {
    this.#reports.retiring(worker, reason, why);
    worker.retiring = reason;
    this.#fill();
    this.#relieve();
  }

  /**
   * Starts new processes and, when all of them are ready, lets those from before finish what they have and end. If one of the
   * new ones fails, nothing changes. A call while another one runs means one more afterwards.
   * @returns rejects with Python's traceback, which the log has too: who does not ask need not catch it
   */
  reload(): Promise<void> {
    const done = this.#reloads.run();
    done.catch(() => {});
    return done;
  }

  async #reload(): Promise<void> {
    if (this.#closing !== null) {
      throw new WorkerError('FAPWS_WSGI_CLOSED', `${this.#settings.application} was closed.`);
    }
    const launcher = this.#makeLauncher();
    const generation = new Generation(this.#settings, launcher, this.#sizing.wanted, files =>
      this.onFiles(files),
    );
    this.#generation = generation;
    let error: WorkerError | null = null;
    try {
      this.#change(generation, await generation.loaded);
    } catch (failure) {
      error = failure as WorkerError;
      if (this.#ready.length === 0) this.#failure = error;
      throw failure;
    } finally {
      this.#generation = null;
      this.#reports.reloaded(error);
    }
  }

  #change({ launcher }: Generation, workers: readonly Worker[]): void {
    const before = [...this.#workers.keys()];
    const launcherBefore = this.#launcher;
    this.#launcher = launcher;
    this.#ready = [];
    this.#failure = null;
    this.#backOff.reset();
    for (const worker of workers) {
      this.#workers.set(worker, launcher);
      worker.owner = this;
      this.onReady(worker);
    }
    for (const worker of before) worker.end('reload', this.#settings.gracefulTimeout);
    if (before.length === 0) launcherBefore.close();
  }

  status(): PythonStatus {
    const now = performance.now();
    return statusOf({
      settings: this.#settings,
      workers: [...this.#workers.keys()],
      wanted: this.#sizing.wanted,
      queue: this.#queue,
      counts: this.#counts,
      shed: this.#shedding.counts,
      failure: this.#failure,
      isReloading: this.#reloads.isRunning,
      isClosing: this.#closing !== null,
      now,
    });
  }

  /** Where each thread of each process is. */
  dump(): Promise<string> {
    return stacksOf([...this.#workers.keys()]);
  }

  /** Lets all requests that are here be answered, takes no more, and ends the processes. @returns when they have ended */
  close(): Promise<void> {
    if (this.#closing !== null) return this.#closing.promise;
    this.#closing = new Deferred();
    clearInterval(this.#inspectionTimer);
    this.#backOff.cancel();
    const error = new WorkerError('FAPWS_WSGI_CLOSED', `${this.#settings.application} was closed.`);
    this.#started.reject(error);
    this.#generation?.cancel(error);
    for (const worker of this.#workers.keys()) {
      worker.ref();
      worker.killAfter(this.#settings.gracefulTimeout);
    }
    this.#endWhenServed();
    return this.#closing.promise;
  }

  #endWhenServed(): void {
    if (this.#queue.length === 0) {
      for (const worker of this.#workers.keys()) worker.end('close', this.#settings.gracefulTimeout);
      this.#ready = [];
    }
    if (this.#workers.size > 0) return;
    for (const call of this.#queue.takeAll()) this.#shedding.turnAway(call);
    this.#launcher.close();
    this.#closing?.resolve();
  }
}
