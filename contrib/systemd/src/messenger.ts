// Takes messages to the service manager. They are datagrams to a unix socket, which Node can't send, so the program
// systemd-notify does, which is wherever systemd is.
//
// It is a shell that runs it, one message after the other. To start a program, Node has to copy its own page tables, and the
// event loop stands still meanwhile: 3 ms with 50 MB in use, 60 ms with 1 GB, on a small machine. The shell is started once,
// while this process is still small, and a message costs no more than a line in a pipe. It also delivers what is in the pipe
// when this process has ended.

import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';

/** How long a message may take; systemd-notify itself waits 5 seconds for it to be taken. Milliseconds. */
const PATIENCE = 15_000;

/** Stands between the assignments of a message, none of which has a control character. */
const SEPARATOR = '\u0001';

/**
 * Reads messages, a line each, and answers each with the exit status and the first line of what was said. Signals for the
 * whole service are not for it: it ends when its input does. Nor does it end because nobody reads its answers any more: what is
 * left in its input when the server has ended is the word that it stops. $1 is the program, $2 the separator.
 */
const script = `trap '' TERM INT HUP PIPE
program=$1 IFS=$2 newline='
'
set -f
while IFS= read -r message; do
  set -- $message
  said=$("$program" "$@" 2>&1)
  printf '%s %s\\n' "$?" "\${said%%"$newline"*}"
done`;

/** What a shell says of a program that is not there. */
const NOT_FOUND = '127';

export interface MessengerOptions {
  /** What NOTIFY_SOCKET says. */
  readonly socket: string;
  readonly program: string;
  /** Told of a failure. */
  readonly report: (what: string) => void;
}

export class Messenger {
  readonly #options: MessengerOptions;
  #shell: ChildProcess | null = null;
  /** Told whether their messages were taken, in order. */
  readonly #waiting: ((taken: boolean) => void)[] = [];
  /** Runs while the first of them waits. */
  #timer: NodeJS.Timeout | undefined;

  constructor(options: MessengerOptions) {
    this.#options = options;
    this.#start();
  }

  /** Whether a message waits for one that is being sent. */
  get busy(): boolean {
    return this.#waiting.length > 1;
  }

  /** @returns whether the manager has taken it; a failure is reported, never thrown */
  send(assignments: readonly string[]): Promise<boolean> {
    if (this.#shell === null) this.#start();
    return new Promise(settle => {
      this.#waiting.push(settle);
      if (this.#waiting.length === 1) this.#beginWaiting();
      this.#shell?.stdin?.write(`${assignments.join(SEPARATOR)}\n`);
    });
  }

  /** Nothing of this keeps the process alive. */
  #start(): void {
    const { program, socket } = this.#options;
    const shell = spawn('/bin/sh', ['-c', script, 'sh', program, SEPARATOR], {
      env: { PATH: process.env['PATH'], NOTIFY_SOCKET: socket },
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    this.#shell = shell;
    shell.unref();
    for (const end of [shell.stdin, shell.stdout]) (end as unknown as Socket).unref();
    // A write to a shell that is gone; that it is gone is told by its own events.
    shell.stdin.on('error', () => {});
    createInterface({ input: shell.stdout }).on('line', line => this.#answered(line));
    shell.once('error', error => this.#lost(shell, `a shell could not be started: ${error.message}`));
    shell.once('close', (code, signal) =>
      this.#lost(shell, `the shell that runs ${program} ended with ${signal ?? code}`),
    );
  }

  #answered(line: string): void {
    const [, status, said] = /^(\d+) (.*)$/.exec(line) ?? [];
    // What readline takes for the end of a line, but no shell does.
    if (status === undefined) return;
    if (status !== '0') this.#options.report(this.#failure(status, said as string));
    this.#waiting.shift()?.(status === '0');
    this.#beginWaiting();
  }

  #failure(status: string, said: string): string {
    const { program } = this.#options;
    if (status === NOT_FOUND) return `the program ${program} is not here; it belongs to systemd`;
    return `${program} ended with ${status}: ${said || 'no reason given'}`;
  }

  #beginWaiting(): void {
    clearTimeout(this.#timer);
    if (this.#waiting.length === 0) return;
    this.#timer = setTimeout(() => {
      this.#options.report(`${this.#options.program} has not ended within ${PATIENCE / 1000} seconds`);
      this.#shell?.kill('SIGKILL');
    }, PATIENCE);
    this.#timer.unref();
  }

  /** Another one is started for the next message. */
  #lost(shell: ChildProcess, why: string): void {
    if (this.#shell !== shell) return;
    this.#shell = null;
    clearTimeout(this.#timer);
    if (this.#waiting.length > 0) this.#options.report(why);
    for (const settle of this.#waiting.splice(0)) settle(false);
  }
}
