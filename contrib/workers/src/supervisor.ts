// The primary: opens the sockets, keeps the workers, and does nothing else. It never sees a request.

import type { Address, StopOptions, Timer } from '@fapws/core';
import { addressText } from '@fapws/core';
import { WorkersError } from './errors.ts';
import { publish, type RestartReason } from './events.ts';
import type { StopTimes } from './messages.ts';
import { checkWorkers, type Settings, type SupervisorOptions, settingsOf, stopTimes } from './options.ts';
import { defaultSignals, hearSignals, type SignalActions } from './signals.ts';
import { type ReplaceOptions, Slot, type WorkerStatus } from './slot.ts';
import { Sockets } from './sockets.ts';
import { beatOf, type WorkerProcess } from './worker-process.ts';

export interface SuperviseRunOptions {
  /** What signals do, or false for nothing. Those that are not named do as they do by default. @default defaultSignals */
  readonly signals?: SignalActions | false | undefined;
  /** Prints the start line. @default console.log */
  readonly print?: ((line: string) => void) | undefined;
}

/** Signals at which programs reopen their logs. @fapws/log does at the second one: Node has other plans for the first. */
const reopening: readonly NodeJS.Signals[] = ['SIGUSR1', 'SIGUSR2'];

/** Milliseconds until a replacement that failed is tried again, beyond those of the back-off. */
const CONTENT = 1000;

/**
 * Makes the supervisor of a program that serves, and calls `run` of this package for that. Nothing is started before `run` or
 * `start`.
 *
 * @param program a path from the current folder, or `new URL('./server.ts', import.meta.url)`
 * @throws {WorkersError} FAPWS_WORKERS_PROGRAM
 * @throws {RangeError} for an option that is none or can't be meant
 */
export function supervise(program: string | URL, options: SupervisorOptions = {}): Supervisor {
  return new Supervisor(settingsOf(program, options));
}

/** Several processes of one server program. */
export class Supervisor {
  /** Resolves when all workers serve, with where. */
  readonly whenListening: Promise<readonly Address[]>;
  /** Resolves when a stop begins. */
  readonly whenStopping: Promise<void>;
  /** Resolves when all workers have ended. */
  readonly whenStopped: Promise<void>;
  readonly #settings: Settings;
  #sockets: Sockets | null = null;
  #slots: Slot[] = [];
  #lastId = 0;
  #starting: Promise<void> | null = null;
  #stopping: Promise<void> | null = null;
  #clock: NodeJS.Timeout | undefined;
  /** Replacements, one after the other. */
  #replacing: Promise<unknown> = Promise.resolve();
  /** A restart that has not begun yet. */
  #nextRestart: Promise<void> | null = null;
  /** Workers that are to be replaced by and by; a second look changes nothing. */
  readonly #due = new WeakSet<WorkerProcess>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #listens: (addresses: readonly Address[]) => void = () => {};
  #stopBegins: () => void = () => {};
  #stopped: () => void = () => {};

  constructor(settings: Settings) {
    this.#settings = settings;
    this.whenListening = new Promise(resolve => {
      this.#listens = resolve;
    });
    this.whenStopping = new Promise(resolve => {
      this.#stopBegins = resolve;
    });
    this.whenStopped = new Promise(resolve => {
      this.#stopped = resolve;
    });
  }

  /** How many workers there are to be. */
  get workers(): number {
    return this.#slots.length;
  }

  /** Where the workers listen; empty before they do. */
  get addresses(): readonly Address[] {
    const theirs = this.#slots.map(slot => slot.current?.addresses ?? []).find(list => list.length > 0) ?? [];
    // What is behind a descriptor the worker knows, if it is TCP.
    const ours = this.#sockets?.addresses ?? [];
    return ours.length === 0
      ? theirs
      : ours.map((address, index) => ('fd' in address ? (theirs[index] ?? address) : address));
  }

  /** The first address as a URL, `http://127.0.0.1:8080`, or as `unix:/path`; empty before the workers listen. */
  get url(): string {
    const address = this.addresses[0];
    return address === undefined ? '' : textOf(address);
  }

  /** How each worker is. While one is being replaced there are two with its number. */
  status(): WorkerStatus[] {
    return this.#slots.flatMap(slot => [...slot.status()]);
  }

  /**
   * Opens the sockets and starts the workers: one first, and the others when that one serves.
   * @throws {ListenError} when a socket can't be opened
   * @throws {WorkersError} FAPWS_WORKERS_START when the first one does not get to serve. Nothing is left behind then.
   */
  start(): Promise<void> {
    if (this.#starting !== null) {
      throw new WorkersError('FAPWS_WORKERS_STATE', 'This supervisor has been started. Make another one.');
    }
    this.#starting = this.#start();
    return this.#starting;
  }

  /** Starts, says so in one line, and resolves when everything has been stopped by a signal or by `stop`. */
  async run({ signals = {}, print = console.log }: SuperviseRunOptions = {}): Promise<void> {
    const release =
      signals === false
        ? () => {}
        : hearSignals({ ...defaultSignals, ...signals }, this, text => this.#say(text));
    // Nobody reads what is printed any more: that is no reason to leave the workers.
    const outputs = [process.stdout, process.stderr];
    for (const output of outputs) output.on('error', ignore);
    try {
      await this.start();
      const where = this.addresses.map(textOf).join(', ');
      const count = this.workers;
      if (this.#stopping === null)
        print(`fapws: listening on ${where} (${count} worker${count === 1 ? '' : 's'})`);
      await this.whenStopped;
    } finally {
      release();
      for (const output of outputs) output.off('error', ignore);
    }
  }

  /**
   * Replaces all workers by processes that run the program as it is now, one after the other: each new one serves before its
   * predecessor stops. Calls while one has not begun are one.
   * @throws {WorkersError} FAPWS_WORKERS_START when a new one does not get to serve: those that were not replaced yet go on
   */
  restart(options: ReplaceOptions = {}): Promise<void> {
    this.#nextRestart ??= this.#oneByOne(async () => {
      this.#nextRestart = null;
      await this.#restart(options);
    });
    return this.#nextRestart;
  }

  /** Changes how many workers there are, at once. Resolves when the new ones serve and those that are too many have ended. */
  async resize(workers: number): Promise<void> {
    checkWorkers(workers);
    const sockets = this.#checkRunning();
    const leaving = this.#slots.splice(workers);
    const joining: Promise<void>[] = [];
    while (this.#slots.length < workers) joining.push(this.#join(sockets).start());
    const { stop } = this.#settings;
    await Promise.all([...joining, ...leaving.map(slot => slot.retire({ ...stop, lameDuckMs: 0 }))]);
  }

  /** Has the program's listeners for signals called in each worker, those for SIGUSR1 and SIGUSR2: they reopen logs. */
  reopen(): void {
    for (const slot of this.#slots) for (const worker of slot.processes) worker.announce(reopening);
  }

  /**
   * Stops all workers, as core's server stops: a lame-duck time, a grace period. A worker that takes longer is killed. A second
   * call can shorten both.
   */
  stop(options: StopOptions = {}): Promise<void> {
    const wanted = stopTimes(options, this.#settings.stop);
    if (this.#stopping === null) {
      this.#stopping = this.#stop(wanted);
      this.#stopBegins();
    } else for (const slot of this.#slots) void slot.retire(wanted);
    if (!(wanted.lameDuckMs > 0)) this.#closeSockets();
    return this.#stopping;
  }

  /** Calls a function periodically until the stop; for what keeps an eye on a server, such as @fapws/systemd. */
  addTimer(seconds: number, task: () => unknown): Timer {
    let timer: NodeJS.Timeout | undefined;
    const call = async (): Promise<void> => {
      try {
        await task();
      } catch (error) {
        this.#say(`a timer: ${(error as Error)?.stack ?? String(error)}`);
      }
    };
    const stop = (): void => {
      clearInterval(timer);
      if (timer !== undefined) this.#timers.delete(timer);
    };
    const restart = (): void => {
      stop();
      timer = setInterval(call, seconds * 1000);
      this.#timers.add(timer);
    };
    restart();
    return { stop, restart };
  }

  async #start(): Promise<void> {
    const { listen, reusePort, workers, heartbeatMs } = this.#settings;
    const sockets = await Sockets.open(listen, reusePort);
    if (this.#stopping !== null) {
      sockets.close();
      return;
    }
    this.#sockets = sockets;
    try {
      await this.#join(sockets).start();
      if (this.#stopping !== null) return;
    } catch (error) {
      // Stopped before it served: that is what was asked for.
      if (this.#stopping !== null) return;
      await this.stop({ graceMs: 0, lameDuckMs: 0 });
      throw error;
    }
    const period = beatOf(heartbeatMs);
    this.#clock = setInterval(() => this.#tick(Math.ceil(heartbeatMs / period)), period);
    const others: Promise<void>[] = [];
    while (this.#slots.length < workers) others.push(this.#join(sockets).start());
    // The program works; one that fails now is started again like one that fails later.
    for (const { status, reason } of (await Promise.allSettled(others)) as PromiseRejectedResult[]) {
      if (status === 'rejected' && this.#stopping === null) this.#say((reason as Error).message);
    }
    if (this.#stopping === null) this.#listens(this.addresses);
  }

  #join(sockets: Sockets): Slot {
    this.#lastId += 1;
    const slot: Slot = new Slot(this.#settings, this.#lastId, sockets, {
      looked: worker => this.#look(slot, worker),
      say: text => this.#say(text),
    });
    this.#slots.push(slot);
    return slot;
  }

  async #stop(options: StopTimes): Promise<void> {
    clearInterval(this.#clock);
    const letGo = setTimeout(() => this.#closeSockets(), options.lameDuckMs);
    await Promise.all(this.#slots.map(slot => slot.retire(options)));
    clearTimeout(letGo);
    for (const timer of this.#timers) clearInterval(timer);
    this.#closeSockets();
    this.#stopped();
  }

  #closeSockets(): void {
    this.#sockets?.close();
  }

  #tick(mostSilence: number): void {
    for (const slot of this.#slots) {
      for (const worker of slot.processes) worker.tick(mostSilence);
      if (slot.current !== null) this.#look(slot, slot.current);
    }
  }

  /** Whether a worker has become too old or too large. */
  #look(slot: Slot, worker: WorkerProcess): void {
    if (worker !== slot.current || worker.state !== 'ready' || this.#due.has(worker)) return;
    const { rss, requests } = worker.vitals;
    const why: RestartReason | null =
      rss > this.#settings.maxMemory
        ? 'memory'
        : requests >= worker.maxRequests
          ? 'requests'
          : performance.now() >= worker.dueAt
            ? 'lifetime'
            : null;
    if (why === null) return;
    this.#due.add(worker);
    if (why === 'memory')
      this.#say(`${worker.name} has ${Math.round(rss / 2 ** 20)} MiB in use, so it is replaced`);
    const replaced = this.#oneByOne(async () => {
      if (slot.current === worker) await slot.replace(why);
    });
    replaced.catch((error: Error) => {
      this.#say(`${worker.name} stays, since no other takes its place: ${error.message}`);
      setTimeout(() => this.#due.delete(worker), this.#settings.backoff.longest * 1000 + CONTENT).unref();
    });
  }

  async #restart(options: ReplaceOptions): Promise<void> {
    this.#checkRunning();
    publish({ event: 'restarting' });
    try {
      for (const slot of [...this.#slots]) {
        if (this.#stopping !== null) return;
        await slot.replace('restart', options);
      }
      publish({ event: 'restarted' });
    } catch (error) {
      if (this.#stopping !== null) return;
      publish({ event: 'restart-failed', error: error as Error });
      throw error;
    }
  }

  #oneByOne<T>(task: () => Promise<T>): Promise<T> {
    const done = this.#replacing.then(task, task);
    this.#replacing = done.catch(() => {});
    return done;
  }

  #checkRunning(): Sockets {
    if (this.#sockets !== null && this.#slots.length > 0 && this.#stopping === null) return this.#sockets;
    throw new WorkersError(
      'FAPWS_WORKERS_STATE',
      this.#stopping === null ? 'No worker has been started yet.' : 'The workers are being stopped.',
    );
  }

  #say(text: string): void {
    try {
      this.#settings.errors.write(`fapws: ${text}\n`);
    } catch {
      // A broken log must not end what keeps the workers alive, and there is no other place to tell of it.
    }
  }
}

function ignore(): void {}

function textOf(address: Address): string {
  return 'port' in address ? `http://${addressText(address)}` : addressText(address);
}
