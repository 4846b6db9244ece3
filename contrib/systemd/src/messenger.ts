// Takes messages to the service manager. They are datagrams to a unix socket, which Node can't send, so the program
// systemd-notify does, which is wherever systemd is. One at a time, in order.

import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';

/** systemd-notify waits 5 seconds at most for its message to be taken; one that takes so long hangs. Milliseconds. */
const PATIENCE = 15_000;

/** How long a process that ends waits to send its last message, behind one that is on its way. Milliseconds. */
const LAST_MESSAGE = 1000;

/** What is kept of what the program says when it fails. Characters. */
const LONGEST_COMPLAINT = 500;

export interface MessengerOptions {
  /** What NOTIFY_SOCKET says. */
  readonly socket: string;
  readonly program: string;
  /** Told of a failure. */
  readonly report: (what: string) => void;
}

interface Message {
  readonly assignments: readonly string[];
  readonly settle: (taken: boolean) => void;
}

export class Messenger {
  readonly #options: MessengerOptions;
  readonly #waiting: Message[] = [];
  #sending = false;
  #child: ChildProcess | null = null;
  /** Whether the process stays alive for what is on its way. */
  #held = false;

  constructor(options: MessengerOptions) {
    this.#options = options;
  }

  /** Whether messages wait for the one that is being sent. */
  get busy(): boolean {
    return this.#waiting.length > 0;
  }

  /** @returns whether the manager has taken it; a failure is reported, never thrown */
  send(assignments: readonly string[]): Promise<boolean> {
    return new Promise(settle => {
      this.#waiting.push({ assignments, settle });
      if (!this.#sending) void this.#sendAll();
    });
  }

  /** The same before the process ends, which a message on its way delays then, by a second at most. */
  sendLast(assignments: readonly string[]): Promise<boolean> {
    const taken = this.send(assignments);
    this.#hold(true);
    setTimeout(() => this.#hold(false), LAST_MESSAGE).unref();
    return taken;
  }

  #hold(held: boolean): void {
    this.#held = held;
    // A last message that is being sent arrives without this process.
    const isNeeded = held && this.busy;
    for (const handle of [this.#child, this.#child?.stderr as Socket | undefined]) {
      if (isNeeded) handle?.ref();
      else handle?.unref();
    }
  }

  async #sendAll(): Promise<void> {
    this.#sending = true;
    for (let message = this.#waiting.shift(); message !== undefined; message = this.#waiting.shift()) {
      const failure = await this.#run(message.assignments);
      if (failure !== null) this.#options.report(failure);
      message.settle(failure === null);
    }
    this.#sending = false;
  }

  /** @returns what went wrong, or null */
  #run(assignments: readonly string[]): Promise<string | null> {
    const { program, socket } = this.#options;
    return new Promise(resolve => {
      const failed = (error: NodeJS.ErrnoException): void =>
        resolve(
          error.code === 'ENOENT'
            ? `the program ${program} is not here; it belongs to systemd`
            : `${program} could not be started: ${error.message}`,
        );
      try {
        const child = spawn(program, assignments, {
          env: { PATH: process.env['PATH'], NOTIFY_SOCKET: socket },
          stdio: ['ignore', 'ignore', 'pipe'],
        });
        let complaint = '';
        const timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE);
        timer.unref();
        this.#child = child;
        this.#hold(this.#held);
        child.stderr.on('data', (text: Buffer) => {
          complaint = (complaint + text.toString()).slice(0, LONGEST_COMPLAINT);
        });
        child.once('error', error => {
          clearTimeout(timer);
          failed(error);
        });
        child.once('close', (code, signal) => {
          clearTimeout(timer);
          if (code === 0) resolve(null);
          else resolve(`${program} ended with ${signal ?? code}: ${complaint.trim() || 'no reason given'}`);
        });
      } catch (error) {
        failed(error as NodeJS.ErrnoException);
      }
    });
  }
}
