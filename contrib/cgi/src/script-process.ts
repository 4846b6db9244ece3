// A script that runs: it gets the content and gives its output, both at the other side's pace; it is ended with all that it has
// started when its time is over or nobody waits for it.

import { Buffer } from 'node:buffer';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import type { ErrorStream, Input } from '@fapws/core';
import { logErrors } from './error-lines.ts';
import type { Script } from './find-script.ts';
import type { Settings } from './options.ts';
import { badOutput, Refusal } from './refusal.ts';
import { endOfHead, parseScriptHead, type ScriptHead } from './script-head.ts';

/** Where its content comes from: a file, the request, or nowhere. */
export type Content = { readonly fd: number } | { readonly input: Input } | null;

/** Milliseconds in which a script that has closed its output is expected to end; what it does later is its own affair. */
const ENDING = 1000;
/** Node takes longer times for none. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** Groups of processes that run: they end with this process, which otherwise would leave them behind. */
const running = new Set<number>();

function endAll(): void {
  for (const group of running) signalGroup(group, 'SIGTERM');
}

/** @param signal 0 for a question only @returns false if there is nobody left */
function signalGroup(group: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-group, signal);
  } catch {
    // ESRCH: all have ended. EPERM: what is left belongs to somebody else (setuid) and is not ours to end.
    return false;
  }
}

export class ScriptProcess {
  readonly #child: ChildProcess;
  /** The script and what it has started; numbered as the script is. */
  readonly #group: number;
  readonly #settings: Settings;
  readonly #stdout: Readable;
  readonly #output: AsyncIterator<Buffer>;
  readonly #ended: Promise<void>;
  readonly #timers: NodeJS.Timeout[] = [];
  #failure: unknown = null;
  #isGroupGone = false;
  /** What was read beyond the head. */
  #rest: Buffer | null = null;

  private constructor(child: ChildProcess, settings: Settings) {
    this.#child = child;
    this.#group = child.pid as number;
    this.#settings = settings;
    this.#stdout = child.stdout as Readable;
    // When a process exits, Node throws away what nobody has begun to read, and a short script may be faster than we are.
    this.#stdout.on('readable', () => {});
    this.#output = this.#stdout[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    this.#ended = new Promise(resolve => child.once('exit', () => resolve()));
  }

  /**
   * @param ended called once, when the process is no more
   * @throws {Refusal} 500 or 503 if it can't be started
   */
  static async start(
    script: Script,
    variables: Record<string, string>,
    content: Content,
    errors: ErrorStream,
    settings: Settings,
    ended: () => void,
  ): Promise<ScriptProcess> {
    const [program, ...args] = script.command;
    let child: ChildProcess;
    try {
      child = spawn(program, args, {
        cwd: script.folder,
        env: variables,
        stdio: [content === null ? 'ignore' : 'fd' in content ? content.fd : 'pipe', 'pipe', 'pipe'],
        // A group of its own: what the script starts can be ended with it.
        detached: true,
      });
      await once(child, 'spawn');
    } catch (error) {
      ended();
      throw unstartable(script, error as NodeJS.ErrnoException);
    }
    const self = new ScriptProcess(child, settings);
    if (running.size === 0) process.on('exit', endAll);
    running.add(self.#group);
    child.once('exit', () => {
      self.#leaderEnded();
      ended();
    });
    child.once('close', () => self.#outputsClosed());
    // Signals that can't be sent are told of here; the process has ended then.
    child.on('error', () => {});
    logErrors(child.stderr as Readable, errors, script.file, settings.limits.stderr);
    self.#after(settings.timeouts.total, () =>
      self.fail(
        new Refusal(
          '504 Gateway Timeout',
          'The script took too long.',
          `it ran for ${settings.timeouts.total / 1000} s (timeouts.total)`,
        ),
      ),
    );
    if (content !== null && 'input' in content) void self.#feed(content.input, child.stdin as Writable);
    return self;
  }

  /** How it ended, if not by itself: for the log. Empty while it runs. */
  get ending(): string {
    const { exitCode, signalCode } = this.#child;
    if (signalCode !== null) return `was ended by ${signalCode}`;
    return exitCode === null || exitCode === 0 ? '' : `ended with exit code ${exitCode}`;
  }

  /** @throws {Refusal} 502 for what is no head, 504 if there is none in time */
  async readHead(): Promise<ScriptHead> {
    const { limits, timeouts } = this.#settings;
    const timer = this.#after(timeouts.head, () =>
      this.fail(
        new Refusal(
          '504 Gateway Timeout',
          'The script took too long.',
          `it wrote no head in ${timeouts.head / 1000} s (timeouts.head)`,
        ),
      ),
    );
    try {
      let octets: Buffer = Buffer.alloc(0);
      let end = -1;
      while (end === -1) {
        const piece = await this.#next();
        if (piece === null) {
          await this.#hasEnded();
          throw badOutput(
            `it ${this.ending || 'ended'}, and its output ${octets.length === 0 ? 'is empty' : 'has no empty line behind the head'}`,
          );
        }
        const looked = Math.max(0, octets.length - 2);
        octets = octets.length === 0 ? piece : Buffer.concat([octets, piece]);
        end = endOfHead(octets, looked);
        if ((end === -1 ? octets.length : end) > limits.head) {
          throw badOutput(`its head is longer than limits.head, ${limits.head} octets`);
        }
      }
      if (end < octets.length) this.#rest = octets.subarray(end);
      return parseScriptHead(octets.toString('latin1', 0, end), limits.fields);
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * The next piece of the output; null at its end.
   * @throws what it was given up for; an Error if a signal ended it, because what it wrote is not all then
   */
  async read(): Promise<Buffer | null> {
    const rest = this.#rest;
    if (rest !== null) {
      this.#rest = null;
      return rest;
    }
    const piece = await this.#next();
    if (piece !== null) return piece;
    await this.#hasEnded();
    if (this.#failure !== null) throw this.#failure;
    if (this.#child.signalCode !== null)
      throw new Error(`The script ${this.ending} before its answer was complete.`);
    return null;
  }

  /** Gives the script up: whoever reads gets the error, and its processes are ended. */
  fail(error: unknown): void {
    if (this.#failure !== null) return;
    this.#failure = error;
    this.#stdout.destroy();
    this.#terminate();
  }

  /** Reads and throws away what it still writes, so that it can come to its end. Never throws. */
  async drain(report: (text: string) => void): Promise<void> {
    try {
      while ((await this.read()) !== null);
    } catch (error) {
      report(error instanceof Refusal ? error.report : String(error));
    }
  }

  async #next(): Promise<Buffer | null> {
    try {
      const { done, value } = await this.#output.next();
      if (this.#failure === null) return done === true ? null : value;
    } catch (error) {
      // A stream that was destroyed says so; why is known better here.
      if (this.#failure === null) throw error;
    }
    throw this.#failure;
  }

  /** Its end, if it is near. */
  async #hasEnded(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>(resolve => {
      timer = setTimeout(resolve, ENDING);
    });
    await Promise.race([this.#ended, late]);
    clearTimeout(timer);
  }

  /** Hands on the content as fast as the script reads it. One that does not want it is left alone. */
  async #feed(input: Input, stdin: Writable): Promise<void> {
    let isClosed = false;
    let wake = (): void => {};
    // EPIPE: it has ended, or closed its input. What it answers is up to it.
    stdin.on('error', () => {});
    stdin.on('drain', () => wake());
    stdin.once('close', () => {
      isClosed = true;
      wake();
    });
    try {
      for await (const piece of input) {
        if (isClosed) return;
        if (stdin.write(piece)) continue;
        await new Promise<void>(resolve => {
          wake = resolve;
        });
      }
      stdin.end();
    } catch (error) {
      // What had arrived must not be taken for the whole; the application can say why.
      if (!isClosed) this.fail(error);
    }
  }

  #terminate(): void {
    if (this.#isGroupGone || !signalGroup(this.#group, 'SIGTERM')) return;
    this.#after(this.#settings.timeouts.kill, () => this.#signalRest());
  }

  #after(milliseconds: number, task: () => void): NodeJS.Timeout | undefined {
    if (milliseconds === Infinity) return undefined;
    const timer = setTimeout(task, Math.min(milliseconds, LONGEST_TIMER));
    this.#timers.push(timer);
    return timer;
  }

  #leaderEnded(): void {
    // From now on its number is taken only as long as it has left others in the group. Nobody else's may be signalled.
    if (!signalGroup(this.#group, 0)) this.#isGroupGone = true;
    // What it has left running belongs to a request that nobody waits for.
    else if (this.#failure !== null) this.#signalRest();
  }

  /** Until then a child of the script may hold them open, and time goes on. */
  #outputsClosed(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    running.delete(this.#group);
    if (running.size === 0) process.off('exit', endAll);
  }

  #signalRest(): void {
    if (!this.#isGroupGone) signalGroup(this.#group, 'SIGKILL');
  }
}

function unstartable(script: Script, error: NodeJS.ErrnoException): Refusal {
  const report = `can't be started: ${error.message} (it runs ${script.command.join(' ')} in ${script.folder})`;
  if (['EAGAIN', 'EMFILE', 'ENFILE', 'ENOMEM'].includes(error.code ?? '')) {
    return new Refusal('503 Service Unavailable', 'Too much is going on here; try again later.', report);
  }
  return new Refusal('500 Internal Server Error', 'The script could not be started.', report);
}
