// The programs of a deployment, each a child process whose output is kept: what it said is the first thing to look at when a
// test fails.

import { spawn, spawnSync } from 'node:child_process';
import { EventEmitter, once } from 'node:events';

export class Program {
  /** Standard output and error as they came. */
  output = '';
  readonly #child;
  readonly #news = new EventEmitter();
  readonly #ended: Promise<number | null>;
  #running = true;

  constructor(command: string, args: readonly string[], environment: NodeJS.ProcessEnv = {}) {
    this.#child = spawn(command, args, {
      env: { PATH: process.env['PATH'], NODE_NO_WARNINGS: '1', ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.output += text;
        this.#news.emit('news');
      });
    }
    this.#ended = new Promise(resolve => {
      const end = (code: number | null): void => {
        this.#running = false;
        this.#news.emit('news');
        resolve(code);
      };
      this.#child.on('close', end);
      this.#child.on('error', error => {
        this.output += error.message;
        end(null);
      });
    });
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  /** Waits until the output has a pattern so many times. @throws Error when the program ends before, or time is over */
  async prints(pattern: RegExp, times = 1, seconds = 30): Promise<void> {
    const late = AbortSignal.timeout(seconds * 1000);
    const all = new RegExp(pattern, 'g');
    while ((this.output.match(all) ?? []).length < times) {
      if (!this.#running)
        throw new Error(`${this.#child.spawnfile} ended before ${pattern}:\n${this.output}`);
      try {
        await once(this.#news, 'news', { signal: late });
      } catch {
        throw new Error(`${this.#child.spawnfile} did not print ${pattern} in ${seconds} s:\n${this.output}`);
      }
    }
  }

  /** Resolves with the exit code, null after a signal that was not handled. @param signal sent first, if given */
  end(signal?: NodeJS.Signals): Promise<number | null> {
    if (signal !== undefined) this.#child.kill(signal);
    return this.#ended;
  }

  /** For the end of a test, whatever came of it. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#running) await this.end('SIGKILL');
  }
}

/** Runs a program to its end. @returns its exit code, null if it could not be started, and what it printed */
export function run(command: string, args: readonly string[]): { code: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  return { code: status, output: `${stdout ?? ''}${stderr ?? ''}` };
}
