// One Python process and the link to it: from its start to its end, and what it has in hand. Whoever owns several of them hears of
// all that by WorkerOwner, and decides.

import type { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import type { Call } from './call.ts';
import { Channel, type ChannelReceiver } from './channel.ts';
import { WorkerError } from './errors.ts';
import type { EndReason } from './events.ts';
import { helloOf } from './hello.ts';
import { InFlight } from './in-flight.ts';
import type { WorkerSettings } from './options.ts';
import type { Output } from './output.ts';
import { Pace } from './pace.ts';
import { exitReason, type Launcher, type ProcessWatcher, type WorkerProcess } from './process.ts';
import {
  Answer,
  Broken,
  Failed,
  Files,
  Hello,
  Hints,
  IsEnd,
  Log,
  Ready,
  Stop,
  VERSION,
  Want,
} from './protocol.ts';
import { StackCollector } from './stacks.ts';
import type { FileState } from './watch.ts';

/** `ending`: it finishes what it has, and gets nothing more. */
export type WorkerState = 'starting' | 'ready' | 'ending' | 'exited';

/** How a process ended. */
export interface WorkerExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The same in a sentence, with the last line that it printed. */
  readonly reason: string;
  /** Requests that were begun, or may have been. Their clients have 502, or a cut answer. */
  readonly lost: number;
  /** Requests that were not begun, and may go to another process. */
  readonly moved: readonly Call[];
}

export interface WorkerOwner {
  /** The application is loaded. */
  onReady(worker: Worker): void;
  /** The application could not be loaded. `onExited` follows. */
  onFailed(worker: Worker, error: WorkerError): void;
  /** HOT. Requests have come to their end, so it may have room. */
  onFree(worker: Worker): void;
  /** The application has given nothing to a request for `requestTimeout`. Told once of each request. */
  onStuck(worker: Worker, call: Call): void;
  /** In development: files that it consists of, and the state that each had when it was read. */
  onFiles(files: readonly FileState[]): void;
  /** The process is no more. */
  onExited(worker: Worker, exit: WorkerExit): void;
}

const KEPT_LINES = 20;

export class Worker implements ChannelReceiver, ProcessWatcher {
  owner: WorkerOwner;
  /** Why it is to be replaced as soon as another one is ready. */
  retiring: EndReason | null = null;
  /** Milliseconds of `performance.now()`. */
  readonly startedAt: number = performance.now();
  readyAt = 0;
  readonly #settings: WorkerSettings;
  readonly #process: WorkerProcess;
  #channel: Channel | null = null;
  #output: Output | null = null;
  readonly #lastLines: string[] = [];
  readonly #inFlight: InFlight = new InFlight();
  readonly #stuck = new Set<Call>();
  readonly #pace = new Pace();
  #capacity: number;
  #requests = 0;
  #ended = 0;
  #state: WorkerState = 'starting';
  #ending: EndReason | null = null;
  #failure: WorkerError | null = null;
  /** Whether it knows what to do at the signal for stacks. */
  #greeted = false;
  #stacks: StackCollector | null = null;
  /** Whether words of it that were on their way may have been lost: then nobody knows what it has begun. */
  #isMuted = false;
  #startTimer: NodeJS.Timeout;
  #graceTimer: NodeJS.Timeout | undefined;

  /** @param keepsAlive whether this process has to wait until the application is loaded */
  constructor(settings: WorkerSettings, launcher: Launcher, owner: WorkerOwner, keepsAlive: boolean) {
    this.#settings = settings;
    this.owner = owner;
    this.#capacity = settings.threads;
    this.#startTimer = setTimeout(() => void this.#startedLate(), settings.startTimeout * 1000);
    if (!keepsAlive) this.#startTimer.unref();
    this.#process = launcher.launch(this);
  }

  get state(): WorkerState {
    return this.#state;
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** Why it ends, or has ended; null while it does not. */
  get ending(): EndReason | null {
    return this.#ending;
  }

  /** HOT. Requests that the process has and has not answered. */
  get inFlight(): number {
    return this.#inFlight.size;
  }

  /** Requests that it may have at a time: one for each thread, and some ahead. */
  get capacity(): number {
    return this.#capacity;
  }

  /** Threads that are at work. */
  get busy(): number {
    return Math.min(this.#inFlight.size, this.#settings.threads);
  }

  /** Requests that the process has had. */
  get requests(): number {
    return this.#requests;
  }

  /** HOT. Whether it takes another request. */
  get hasRoom(): boolean {
    return this.#state === 'ready' && this.#inFlight.size < this.#capacity;
  }

  /** HOT. Hands it a request. To be called only when it has room. */
  begin(call: Call): void {
    if (this.#inFlight.size === 0) this.#pace.begin();
    this.#requests += 1;
    call.begin(this.#inFlight.add(call), this.#output as Output);
  }

  /**
   * Lets it finish what it has, and end. One that is not ready yet is killed.
   * @param seconds for which it may take its time
   */
  end(reason: EndReason, seconds: number): void {
    if (this.#state === 'exited' || this.#state === 'ending') return;
    const hadStarted = this.#state === 'ready';
    this.#beginToEnd(reason);
    if (hadStarted) {
      this.#output?.message(Stop);
      this.killAfter(seconds);
    } else this.kill();
  }

  /** Kills it if it is still there so many seconds from now. */
  killAfter(seconds: number): void {
    clearTimeout(this.#graceTimer);
    this.#graceTimer = setTimeout(() => {
      const { application, errors } = this.#settings;
      errors.write(
        `fapws: ${application}: python ${this.pid} has not ended within ${seconds} s (gracefulTimeout) and is killed.\n`,
      );
      this.kill();
    }, seconds * 1000).unref();
  }

  /** Lets it keep this process alive until it has ended. */
  ref(): void {
    this.#process.ref();
  }

  /** Ends it at once. */
  kill(signal: NodeJS.Signals = 'SIGKILL'): void {
    this.#process.kill(signal);
  }

  /** Where each thread is. Empty when it can't say: it is not that far, or `dumpSignal` is off or has another meaning there. */
  dump(): Promise<string> {
    const { dumpSignal } = this.#settings;
    if (!this.#greeted || this.#state === 'exited' || dumpSignal === '') return Promise.resolve('');
    if (this.#stacks === null) {
      this.#stacks = new StackCollector();
      this.#process.kill(dumpSignal);
      void this.#stacks.text.then(() => {
        this.#stacks = null;
      });
    }
    return this.#stacks.text;
  }

  /**
   * Looks for clients that have left, and for requests to which the application has given nothing for too long.
   * @param now milliseconds for which requests were watched
   */
  look(now: number): void {
    const timeout = this.#settings.requestTimeout * 1000;
    let position = 0;
    for (const call of this.#inFlight.inOrder()) {
      call.watch();
      if (this.#maybeBegun(position) && call.quietFor(now) > timeout && !this.#stuck.has(call)) {
        this.#stuck.add(call);
        this.owner.onStuck(this, call);
      }
      position += 1;
    }
  }

  /**
   * A worker takes requests in the order in which they were sent, and each thread has one at a time. So of those that it has
   * not answered, it can't have begun more than the first few.
   */
  #maybeBegun(position: number): boolean {
    return this.#isMuted || position < this.#settings.threads;
  }

  /** ProcessWatcher. */
  started(channel: Socket): void {
    this.#channel = new Channel(channel, this);
    this.#output = this.#channel.output;
    // It does not keep this process alive: requests do.
    this.#channel.unref();
    this.#output.message(Hello, 0, 0, VERSION, helloOf(this.#settings));
  }

  /** ProcessWatcher. */
  line(line: string): void {
    if (this.#stacks !== null) {
      this.#stacks.line(line);
      return;
    }
    this.#lastLines.push(line);
    if (this.#lastLines.length > KEPT_LINES) this.#lastLines.shift();
  }

  /** ProcessWatcher. */
  failed(why: string): void {
    this.#fail(why);
    this.exited(null, null);
  }

  /** HOT. ChannelReceiver. */
  message(type: number, flags: number, request: number, argument: number, payload: Buffer): void {
    const call = this.#inFlight.get(request);
    switch (type) {
      case Answer:
        if ((flags & IsEnd) !== 0) this.#over(request);
        call?.answer(flags, argument, payload);
        return;
      case Broken:
        this.#over(request);
        call?.broken(payload.toString());
        return;
      case Want:
        call?.want(argument);
        return;
      case Hints:
        call?.hint(payload.toString('latin1'));
        return;
      case Log:
        if (call === undefined) this.#settings.errors.write(payload.toString());
        else call.log(payload.toString());
        return;
      case Files:
        this.owner.onFiles(JSON.parse(payload.toString()));
        return;
      case Hello:
        this.#greeted = true;
        if (argument !== VERSION) {
          this.#fail(
            `It speaks version ${argument} of the worker protocol, and this package version ${VERSION}.`,
          );
        }
        return;
      case Ready:
        this.#beReady();
        return;
      case Failed:
        this.#fail(payload.toString().trimEnd());
    }
  }

  #over(request: number): void {
    if (this.#inFlight.delete(request)) this.#ended += 1;
  }

  /** HOT. ChannelReceiver. */
  afterRead(): void {
    if (this.#ended === 0) return;
    this.#pace.ended(this.#ended);
    this.#ended = 0;
    this.#capacity = this.#settings.threads + this.#pace.ahead;
    if (this.#ending === 'timeout') this.killIfDone();
    this.owner.onFree(this);
  }

  /** Kills one that does not end by itself when nobody waits any more for what it may have begun. */
  killIfDone(): void {
    // Not while it is telling where it is stuck.
    if (this.#stacks !== null) return;
    let position = 0;
    for (const call of this.#inFlight.inOrder()) {
      if (!call.settled && this.#maybeBegun(position)) return;
      position += 1;
    }
    this.kill();
  }

  #beReady(): void {
    if (this.#state !== 'starting') return;
    clearTimeout(this.#startTimer);
    this.readyAt = performance.now();
    this.#state = 'ready';
    this.owner.onReady(this);
  }

  async #startedLate(): Promise<void> {
    const stacks = await this.dump();
    const where = stacks === '' ? '' : ` Its threads were at:\n${stacks}`;
    this.#fail(`It was not loaded within ${this.#settings.startTimeout} s (startTimeout).${where}`);
  }

  /** The application can't be loaded. */
  #fail(why: string): void {
    if (this.#state !== 'starting') return;
    this.#failure = new WorkerError(
      'FAPWS_WSGI_START',
      `The application ${this.#settings.application} could not be started.\n${why}`,
    );
    this.#beginToEnd('start');
    this.owner.onFailed(this, this.#failure);
    this.kill();
  }

  #beginToEnd(reason: EndReason): void {
    clearTimeout(this.#startTimer);
    this.#state = 'ending';
    this.#ending = reason;
  }

  /** ChannelReceiver. What it has sent may be lost. */
  unwritable(): void {
    this.#isMuted = true;
  }

  /** ChannelReceiver. Nothing that the process says can be believed any more. */
  malformed(error: Error): void {
    const { application, errors } = this.#settings;
    errors.write(`fapws: ${application}: python ${this.pid}: ${error.message}\n`);
    this.#isMuted = true;
    this.kill();
  }

  /** ProcessWatcher. */
  exited(code: number | null, signal: NodeJS.Signals | null): void {
    if (this.#state === 'exited') return;
    // faulthandler says what has happened first, and then where.
    const telling =
      this.#lastLines.find(line => line.startsWith('Fatal Python error')) ?? this.#lastLines.at(-1);
    const reason = exitReason(this.pid, code, signal, telling);
    if (this.#state === 'starting') this.#fail(`${reason}.`);
    clearTimeout(this.#graceTimer);
    this.#state = 'exited';
    this.#ending ??= 'crash';
    this.#stacks?.end();
    const exit = { code, signal, reason, ...this.#letGo(new WorkerError('FAPWS_WSGI_EXITED', reason)) };
    this.#channel?.destroy();
    this.owner.onExited(this, exit);
  }

  /** What becomes of the requests that the process had. */
  #letGo(error: WorkerError): { lost: number; moved: Call[] } {
    const moved: Call[] = [];
    let lost = 0;
    let position = 0;
    for (const call of this.#inFlight.inOrder()) {
      const wasBegun = this.#maybeBegun(position);
      position += 1;
      // Once: whatever ends one process after the other should not do it for the same requests again and again.
      if (!call.settled && !wasBegun && call.moves === 0 && call.idempotent) {
        call.giveBack();
        moved.push(call);
      } else {
        if (!call.settled) lost += 1;
        call.lose(error);
      }
    }
    this.#inFlight.clear();
    return { lost, moved };
  }
}
