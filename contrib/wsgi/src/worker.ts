// One Python process and the link to it. Whoever owns several of them starts, watches and replaces them by what this tells:
// `ready`, then `exited`; or `failed`, with the reason, then `exited`.

import { Buffer } from 'node:buffer';
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import type { Environ, Result, StartResponse } from '@fapws/core';
import { Call, type WholeContent } from './call.ts';
import { WorkerError } from './errors.ts';
import type { WorkerSettings } from './options.ts';
import { Output } from './output.ts';
import { Pace } from './pace.ts';
import type { Launcher, ProcessWatcher, WorkerProcess } from './process.ts';
import {
  Answer,
  Broken,
  Failed,
  Hello,
  IsEnd,
  Log,
  MessageReader,
  type MessageReceiver,
  Ready,
  Stop,
  VERSION,
  Want,
} from './protocol.ts';

export type WorkerState = 'starting' | 'ready' | 'stopping' | 'exited';

/** How a process ended. */
export interface WorkerExit {
  readonly pid: number | undefined;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** What it printed last on standard error. */
  readonly lastLines: readonly string[];
  /** The same in a sentence. */
  readonly reason: string;
}

interface WorkerEvents {
  /** The application is loaded. */
  ready: [];
  /** The application could not be loaded; the message has Python's traceback. `exited` follows. */
  failed: [WorkerError];
  /** The process is no more. What was in flight has been answered 502, or cut. */
  exited: [WorkerExit];
}

const KEPT_LINES = 20;
/** Milliseconds between two looks at requests whose client may have left. */
const WATCH = 250;

export class Worker extends EventEmitter<WorkerEvents> implements MessageReceiver, ProcessWatcher {
  readonly #settings: WorkerSettings;
  readonly #process: WorkerProcess;
  #channel: Socket | null = null;
  #output: Output | null = null;
  readonly #reader: MessageReader = new MessageReader(this);
  readonly #lastLines: string[] = [];
  readonly #inFlight = new Map<number, Call>();
  #waiting: Call[] = [];
  readonly #pace = new Pace();
  #lastId = 0;
  #ended = 0;
  #state: WorkerState = 'starting';
  #failure: WorkerError | null = null;
  #closed = false;
  /** Why no request can be answered any more. */
  #lost: WorkerError | null = null;
  readonly #startTimer: NodeJS.Timeout;
  #watchTimer: NodeJS.Timeout | null = null;

  constructor(settings: WorkerSettings, launcher: Launcher) {
    super();
    this.#settings = settings;
    this.#startTimer = setTimeout(() => {
      this.#fail(`It was not loaded within ${settings.startTimeout} s (startTimeout).`);
    }, settings.startTimeout * 1000);
    this.#process = launcher.launch(this);
  }

  /** ProcessWatcher. */
  line(line: string): void {
    this.#lastLines.push(line);
    if (this.#lastLines.length > KEPT_LINES) this.#lastLines.shift();
  }

  /** ProcessWatcher. */
  failed(why: string): void {
    this.#fail(why);
    this.exited(null, null);
  }

  /** ProcessWatcher. */
  started(channel: Socket): void {
    this.#channel = channel;
    this.#output = new Output(channel);
    channel.on('data', (octets: Buffer) => {
      try {
        this.#reader.read(octets);
      } catch (error) {
        this.#break(error as Error);
      }
      this.#afterRead();
    });
    // The process says why it is gone.
    channel.on('error', () => {});
    // It keeps this process alive while it starts and while there are requests.
    const { application, chdir, pythonpath, environ, threads } = this.#settings;
    const hello = { application, chdir, pythonpath, environ, threads };
    this.#output.message(Hello, 0, 0, VERSION, Buffer.from(JSON.stringify(hello)));
    if (this.#closed) this.#output.message(Stop);
  }

  get state(): WorkerState {
    return this.#state;
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** Why the application could not be loaded. */
  get failure(): WorkerError | null {
    return this.#failure;
  }

  /** Requests that the process has. */
  get inFlight(): number {
    return this.#inFlight.size;
  }

  /** Requests that wait for the process. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /**
   * HOT. Has a request answered.
   * @param content the request's content; null when it has none, undefined when it is to be streamed
   */
  call(environ: Environ, startResponse: StartResponse, content: WholeContent | undefined): Promise<Result> {
    return new Promise((resolve, reject) => {
      const call = new Call(environ, startResponse, content, resolve, reject);
      if (this.#lost !== null) {
        call.lose(this.#lost);
        return;
      }
      if (this.#state === 'stopping') {
        call.refuse(this.#failure ?? closed());
        return;
      }
      if (this.#watchTimer === null) {
        this.#watchTimer = setInterval(this.#watch, WATCH).unref();
        this.#channel?.ref();
      }
      this.#waiting.push(call);
      if (this.#state === 'ready') this.#dispatch();
    });
  }

  /** Lets the process finish what it has, then end. @returns when it has ended */
  close(): Promise<void> {
    if (this.#state === 'exited') return Promise.resolve();
    const ended = new Promise<void>(resolve => this.once('exited', () => resolve()));
    this.#closed = true;
    this.#process.ref();
    if (this.#state !== 'stopping') {
      this.#state = 'stopping';
      for (const call of this.#takeWaiting()) {
        call.refuse(closed());
      }
      this.#output?.message(Stop);
    }
    return ended;
  }

  /** Closes the channel: what the process notices when its owner dies. */
  disconnect(): void {
    this.#channel?.destroy();
  }

  /** Ends the process at once. */
  kill(signal: NodeJS.Signals = 'SIGKILL'): void {
    this.#process.kill(signal);
  }

  /** HOT. */
  #dispatch(): void {
    const output = this.#output as Output;
    let at = 0;
    while (at < this.#waiting.length && this.#inFlight.size < this.#settings.threads + this.#pace.ahead) {
      const call = this.#waiting[at] as Call;
      at += 1;
      if (call.settled) continue;
      if (this.#inFlight.size === 0) this.#pace.begin();
      // 0 stands for no request.
      this.#lastId = this.#lastId === 0xffff_ffff ? 1 : this.#lastId + 1;
      this.#inFlight.set(this.#lastId, call);
      call.begin(this.#lastId, output);
    }
    if (at === this.#waiting.length) this.#waiting.length = 0;
    else if (at !== 0) this.#waiting.splice(0, at);
  }

  readonly #watch = (): void => {
    for (const call of this.#inFlight.values()) call.watch();
    for (const call of this.#waiting) call.watch();
    this.#waiting = this.#waiting.filter(call => !call.settled);
    if (this.#inFlight.size === 0 && this.#waiting.length === 0) this.#rest();
  };

  /** Nothing is under way. */
  #rest(): void {
    if (this.#watchTimer !== null) clearInterval(this.#watchTimer);
    this.#watchTimer = null;
    if (this.#state === 'ready') this.#channel?.unref();
  }

  /** HOT. MessageReceiver. */
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
      case Log:
        if (call === undefined) this.#settings.errors.write(payload.toString());
        else call.log(payload.toString());
        return;
      case Hello:
        if (argument !== VERSION) {
          this.#fail(
            `It speaks version ${argument} of the worker protocol, and this package version ${VERSION}.`,
          );
        }
        return;
      case Ready:
        this.#begin();
        return;
      case Failed:
        this.#fail(payload.toString().trimEnd());
    }
  }

  #over(request: number): void {
    if (this.#inFlight.delete(request)) this.#ended += 1;
  }

  /** HOT. After what arrived at once. */
  #afterRead(): void {
    if (this.#ended === 0) return;
    this.#pace.ended(this.#ended);
    this.#ended = 0;
    if (this.#waiting.length !== 0 && this.#state === 'ready') this.#dispatch();
  }

  #begin(): void {
    if (this.#state !== 'starting') return;
    clearTimeout(this.#startTimer);
    this.#state = 'ready';
    if (this.#waiting.length === 0) this.#rest();
    else this.#dispatch();
    this.emit('ready');
  }

  /** The application can't be loaded. */
  #fail(why: string): void {
    if (this.#state !== 'starting') return;
    clearTimeout(this.#startTimer);
    this.#failure = new WorkerError(
      'FAPWS_WSGI_START',
      `The application ${this.#settings.application} could not be started.\n${why}`,
    );
    this.#state = 'stopping';
    for (const call of this.#takeWaiting()) call.refuse(this.#failure);
    this.emit('failed', this.#failure);
    this.kill();
  }

  /** What arrived is no message: nothing that the process says can be believed any more. */
  #break(error: Error): void {
    this.#settings.errors.write(`fapws: python ${this.pid}: ${error.message}\n`);
    this.#channel?.destroy();
    this.kill();
  }

  #takeWaiting(): Call[] {
    const waiting = this.#waiting;
    this.#waiting = [];
    return waiting;
  }

  /** ProcessWatcher. */
  exited(code: number | null, signal: NodeJS.Signals | null): void {
    if (this.#state === 'exited') return;
    const how = signal !== null ? `was ended by ${signal}` : `ended with exit code ${code}`;
    const lastLine = this.#lastLines.at(-1);
    const exit: WorkerExit = {
      pid: this.pid,
      code,
      signal,
      lastLines: [...this.#lastLines],
      reason: `python ${this.pid} ${how}${lastLine === undefined ? '' : `; it printed last: ${lastLine}`}`,
    };
    if (this.#state === 'starting') this.#fail(`${exit.reason}.`);
    this.#state = 'exited';
    const lost = this.#closed
      ? closed()
      : (this.#failure ?? new WorkerError('FAPWS_WSGI_EXITED', exit.reason));
    this.#lost = lost;
    for (const call of this.#inFlight.values()) call.lose(lost);
    for (const call of this.#takeWaiting()) call.lose(lost);
    this.#inFlight.clear();
    this.#rest();
    this.#channel?.destroy();
    this.emit('exited', exit);
  }
}

function closed(): WorkerError {
  return new WorkerError(
    'FAPWS_WSGI_CLOSED',
    'The worker was stopped with close() before it got to this request.',
  );
}
