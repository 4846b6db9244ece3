// One worker that was forked from a process which has loaded the application, as its owner sees it.

import type { Socket } from 'node:net';
import type { ErrorStream } from '@fapws/core';
import type { ForkRole } from './fork-listener.ts';
import { LAST_WORDS, logLines, type ProcessWatcher, type WorkerProcess } from './process.ts';

/** What a fork needs of the process that it comes from. */
export interface ForkParent {
  /** Sends a signal to a fork. */
  signal(fork: number, signal: NodeJS.Signals): void;
  /** Nobody waits for this fork any more. */
  giveUp(fork: number): void;
  /** Some fork does, or does no longer, keep this process alive. */
  refChanged(): void;
}

export class ForkedProcess implements WorkerProcess {
  readonly #number: number;
  readonly #parent: ForkParent;
  readonly #watcher: ProcessWatcher;
  readonly #errors: ErrorStream;
  readonly #sockets = new Map<ForkRole, Socket>();
  #pid: number | undefined;
  #state: 'starting' | 'running' | 'over' = 'starting';
  #ref = false;

  constructor(number: number, parent: ForkParent, watcher: ProcessWatcher, errors: ErrorStream) {
    this.#number = number;
    this.#parent = parent;
    this.#watcher = watcher;
    this.#errors = errors;
  }

  get pid(): number | undefined {
    return this.#pid;
  }

  /** Whether this process has to stay for it. */
  get holds(): boolean {
    return this.#state === 'starting' || (this.#ref && this.#state === 'running');
  }

  kill(signal: NodeJS.Signals): void {
    if (this.#state === 'running') this.#parent.signal(this.#number, signal);
    if (this.#state !== 'starting' || signal !== 'SIGKILL') return;
    this.#state = 'over';
    this.#parent.giveUp(this.#number);
    for (const socket of this.#sockets.values()) socket.destroy();
    process.nextTick(() => this.#watcher.exited(null, signal));
  }

  ref(): void {
    this.#ref = true;
    this.#parent.refChanged();
  }

  unref(): void {
    this.#ref = false;
    this.#parent.refChanged();
  }

  /** One of its connections. */
  arrive(pid: number, role: ForkRole, socket: Socket): void {
    this.#pid = pid;
    this.#sockets.set(role, socket);
    const channel = this.#sockets.get('channel');
    const stdout = this.#sockets.get('stdout');
    const stderr = this.#sockets.get('stderr');
    if (channel === undefined || stdout === undefined || stderr === undefined) return;
    this.#state = 'running';
    const prefix = `python ${pid}: `;
    logLines(stdout, prefix, this.#errors);
    logLines(stderr, prefix, this.#errors, line => this.#watcher.line(line));
    this.#watcher.started(channel);
    for (const each of [stdout, stderr, channel]) each.resume();
    for (const each of [stdout, stderr]) each.unref();
    this.#parent.refChanged();
  }

  /** It could not be forked, or there is nothing to fork. */
  fail(why: string): void {
    if (this.#state !== 'starting') return;
    this.#state = 'over';
    for (const socket of this.#sockets.values()) socket.destroy();
    this.#watcher.failed(why);
  }

  /** The process is gone. What it has sent and printed may still be on its way here. */
  end(code: number | null, signal: NodeJS.Signals | null): void {
    if (this.#state === 'over') return;
    this.#state = 'over';
    const open = [...this.#sockets.values()].filter(socket => !socket.closed);
    let left = open.length;
    const exited = (): void => {
      clearTimeout(late);
      this.#watcher.exited(code, signal);
    };
    const late = setTimeout(() => {
      for (const socket of open) socket.destroy();
    }, LAST_WORDS);
    if (left === 0) exited();
    for (const socket of open) {
      socket.once('close', () => {
        left -= 1;
        if (left === 0) exited();
      });
    }
  }

  /** The process that it was forked from is gone: nobody could say any more how it ends, so it ends now. */
  orphan(why: string): void {
    this.fail(why);
    if (this.#state !== 'running') return;
    try {
      // It has an open channel, so this is still its id.
      process.kill(this.#pid as number, 'SIGKILL');
    } catch (error) {
      // Gone already, unless it is a mystery.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
    this.end(null, 'SIGKILL');
  }
}
