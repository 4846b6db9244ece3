// Workers that share the memory of an application which was loaded once: a process loads it, and forks a worker whenever it is
// asked to (option preload).

import type { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import { constants } from 'node:os';
import { Channel, type ChannelReceiver } from './channel.ts';
import { ForkedProcess, type ForkParent } from './fork.ts';
import { ForkListener } from './fork-listener.ts';
import { helloOf } from './hello.ts';
import type { WorkerSettings } from './options.ts';
import {
  exitReason,
  LAST_WORDS,
  type Launcher,
  type ProcessWatcher,
  spawning,
  type WorkerProcess,
} from './process.ts';
import { BySignal, Exited, Failed, Fork, Hello, Kill, Ready, VERSION } from './protocol.ts';

/** What starts the processes of a new generation. In development a fork server would be loaded as often as a worker. */
export function launcherOf(settings: WorkerSettings): Launcher {
  return settings.preload && settings.reload === null ? preloading(settings) : spawning(settings);
}

/** A launcher whose processes are forks of one that has loaded the application. */
function preloading(settings: WorkerSettings): Launcher {
  // The environment is the generation's, also if the process has to be started again.
  const spawner = spawning(settings);
  let server: ForkServer | null = null;
  return {
    launch(watcher) {
      if (server === null || server.isOver) server = new ForkServer(settings, spawner);
      return server.fork(watcher);
    },
    close() {
      server?.close();
      spawner.close();
    },
  };
}

/** One process that forks, from its start to its end. Its workers end with it. */
class ForkServer implements ForkParent, ProcessWatcher, ChannelReceiver {
  readonly #settings: WorkerSettings;
  readonly #listener: ForkListener;
  readonly #forks = new Map<number, ForkedProcess>();
  #startTimer: NodeJS.Timeout;
  #isLate = false;
  #process: WorkerProcess | null = null;
  #channel: Channel | null = null;
  #lastNumber = 0;
  #lastLine: string | undefined;
  #isLoaded = false;
  #isOver = false;

  constructor(settings: WorkerSettings, spawner: Launcher) {
    this.#settings = settings;
    this.#listener = new ForkListener((number, pid, role, socket) => {
      const fork = this.#forks.get(number);
      if (fork === undefined) socket.destroy();
      else fork.arrive(pid, role, socket);
    });
    this.#startTimer = setTimeout(() => this.#beLate(), settings.startTimeout * 1000);
    this.#listener.listen().then(
      () => {
        if (!this.#isOver) this.#process = spawner.launch(this);
      },
      error => this.#end(`There is no socket for its forks: ${error.message}`),
    );
  }

  /** Whether another one is needed. */
  get isOver(): boolean {
    return this.#isOver;
  }

  fork(watcher: ProcessWatcher): WorkerProcess {
    this.#lastNumber += 1;
    const fork = new ForkedProcess(this.#lastNumber, this, watcher, this.#settings.errors);
    this.#forks.set(this.#lastNumber, fork);
    if (this.#isLoaded) this.#channel?.output.message(Fork, 0, this.#lastNumber);
    this.refChanged();
    return fork;
  }

  close(): void {
    this.#end('It was closed.');
  }

  /** ForkParent. */
  signal(number: number, signal: NodeJS.Signals): void {
    this.#channel?.output.message(Kill, 0, number, constants.signals[signal]);
  }

  /** ForkParent. */
  giveUp(number: number): void {
    this.#forks.delete(number);
    this.refChanged();
  }

  /** ForkParent. */
  refChanged(): void {
    for (const fork of this.#forks.values()) {
      if (fork.holds) {
        this.#channel?.ref();
        return;
      }
    }
    this.#channel?.unref();
  }

  /** ProcessWatcher. */
  started(channel: Socket): void {
    this.#channel = new Channel(channel, this);
    const { address, token } = this.#listener;
    this.#channel.output.message(Hello, 0, 0, VERSION, helloOf(this.#settings, { address, token }));
    this.refChanged();
  }

  /** ProcessWatcher. */
  line(line: string): void {
    this.#lastLine = line;
  }

  /** ProcessWatcher. */
  failed(why: string): void {
    this.#end(why);
  }

  /** The log shows where it is: at this signal Python says it, and ends. */
  #beLate(): void {
    this.#isLate = true;
    this.#process?.kill('SIGABRT');
    this.#startTimer = setTimeout(() => this.#end(this.#lateness), LAST_WORDS);
  }

  get #lateness(): string {
    return `It was not loaded within ${this.#settings.startTimeout} s (startTimeout).`;
  }

  /** ProcessWatcher. */
  exited(code: number | null, signal: NodeJS.Signals | null): void {
    const reason = exitReason(this.#process?.pid, code, signal, this.#lastLine);
    if (this.#isLoaded && !this.#isOver) {
      const { application, errors } = this.#settings;
      errors.write(`fapws: ${application}: ${reason}. Its forks (preload) end with it.\n`);
    }
    this.#end(this.#isLate ? this.#lateness : `${reason}.`);
  }

  /** ChannelReceiver. */
  malformed(error: Error): void {
    this.#end(error.message);
  }

  /** ChannelReceiver. The process says why it is gone. */
  unwritable(): void {}

  /** ChannelReceiver. */
  afterRead(): void {}

  /** ChannelReceiver. */
  message(type: number, flags: number, number: number, argument: number, payload: Buffer): void {
    switch (type) {
      case Hello:
        if (argument !== VERSION) {
          this.#end(
            `It speaks version ${argument} of the worker protocol, and this package version ${VERSION}.`,
          );
        }
        return;
      case Ready:
        clearTimeout(this.#startTimer);
        this.#isLoaded = true;
        for (const each of this.#forks.keys()) this.#channel?.output.message(Fork, 0, each);
        return;
      case Failed:
        if (number === 0) this.#end(payload.toString().trimEnd());
        else this.#take(number)?.fail(payload.toString());
        return;
      case Exited: {
        const fork = this.#take(number);
        if ((flags & BySignal) !== 0) fork?.end(null, signalOf(argument));
        else fork?.end(argument, null);
      }
    }
  }

  #take(number: number): ForkedProcess | undefined {
    const fork = this.#forks.get(number);
    this.#forks.delete(number);
    this.refChanged();
    return fork;
  }

  /** Nothing more can be forked. */
  #end(why: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#startTimer);
    this.#listener.close();
    // What is loaded ends at the end of its channel.
    if (!this.#isLoaded) this.#process?.kill('SIGKILL');
    this.#channel?.destroy();
    for (const fork of this.#forks.values()) fork.orphan(why);
    this.#forks.clear();
  }
}

function signalOf(number: number): NodeJS.Signals {
  for (const [name, value] of Object.entries(constants.signals)) {
    if (value === number) return name as NodeJS.Signals;
  }
  // Signals for real-time programs have no names.
  return `SIG${number}` as NodeJS.Signals;
}
