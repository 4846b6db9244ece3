// Programs as their users run them: processes of their own, whose output is kept, for what they said is the first thing to look
// at when a test fails.

import { spawn, spawnSync } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { runFromSource } from './source.ts';

export class Program {
  /** Standard output and error as they came. */
  output = '';
  readonly #child;
  readonly #ownGroup;
  readonly #news = new EventEmitter();
  readonly #ended: Promise<number | null>;
  #running = true;

  /**
   * @param environment all that it is told, besides PATH
   * @param options.folder where it runs
   * @param options.ownGroup whether signals are for the processes, too, that it starts, as those of a terminal's Ctrl-C are
   */
  constructor(
    command: string,
    args: readonly string[],
    environment: NodeJS.ProcessEnv = {},
    { folder, ownGroup = false }: { readonly folder?: string; readonly ownGroup?: boolean } = {},
  ) {
    this.#ownGroup = ownGroup;
    this.#child = spawn(command, args, {
      cwd: folder,
      detached: ownGroup,
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

  /** A program in TypeScript, run from its source as it stands. */
  static fromSource(file: string, environment: NodeJS.ProcessEnv = {}): Program {
    return new Program(process.execPath, [...runFromSource, file], environment);
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  /**
   * Waits until the output has a pattern so many times, and resolves with the first of them.
   * @throws Error when the program ends before, or time is over
   */
  async prints(pattern: RegExp, times = 1, seconds = 30): Promise<RegExpExecArray> {
    const late = AbortSignal.timeout(seconds * 1000);
    const all = new RegExp(pattern, pattern.flags.includes('g') ? pattern.flags : `${pattern.flags}g`);
    for (;;) {
      const found = [...this.output.matchAll(all)];
      if (found.length >= times) return found[0] as RegExpExecArray;
      if (!this.#running)
        throw new Error(`${this.#child.spawnfile} ended before ${pattern}:\n${this.output}`);
      try {
        await once(this.#news, 'news', { signal: late });
      } catch {
        throw new Error(`${this.#child.spawnfile} did not print ${pattern} in ${seconds} s:\n${this.output}`);
      }
    }
  }

  /** Where a server listens, from its start line: `http://127.0.0.1:12345`. */
  async origin(): Promise<string> {
    return (await this.prints(/listening on (http:\/\/\S+)/))[1] as string;
  }

  /** Resolves with the exit code, null after a signal that was not handled. @param signal sent first, if given */
  end(signal?: NodeJS.Signals): Promise<number | null> {
    if (signal !== undefined && this.#running) {
      if (this.#ownGroup) process.kill(-this.pid, signal);
      else this.#child.kill(signal);
    }
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

/** Whether a process is there, and more than a zombie that nobody has looked after. */
export function isAlive(pid: number): boolean {
  const state = existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, 'latin1') : null;
  if (state !== null) return !/\) Z /.test(state);
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
