// The example as its user runs it: a process of its own, which tells on the terminal where it listens.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { runFromSource } from '@fapws/testing';

const entry = join(import.meta.dirname, '../src/server.ts');

/** A program that was started, and what it has printed so far. */
export class Program {
  /** Standard output and error as they came. */
  output = '';
  readonly #child;
  readonly #ended: Promise<number | null>;

  /** @param file TypeScript, run from source */
  constructor(file: string, environment: NodeJS.ProcessEnv = {}) {
    this.#child = spawn(process.execPath, [...runFromSource, file], {
      env: { PATH: process.env['PATH'], NODE_NO_WARNINGS: '1', ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.output += text;
      });
    }
    this.#ended = once(this.#child, 'close').then(([code]) => code as number | null);
  }

  /** Resolves with what a pattern finds in the output, now or later. @throws Error when the program ends without it */
  async prints(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(this.output);
      if (found !== null) return found;
      const more = new Promise<true>(resolve => {
        for (const stream of [this.#child.stdout, this.#child.stderr])
          stream.once('data', () => resolve(true));
      });
      if ((await Promise.race([more, this.#ended])) !== true && !pattern.test(this.output)) {
        throw new Error(`the program ended without printing ${pattern}:\n${this.output}`);
      }
    }
  }

  /** Where the server listens, from its start line: `http://127.0.0.1:12345`. */
  async origin(): Promise<string> {
    return (await this.prints(/listening on (http:\/\/\S+)/))[1] as string;
  }

  /** Resolves with the exit code, null after a signal that was not handled. @param signal sent first, if given */
  end(signal?: NodeJS.Signals): Promise<number | null> {
    if (signal !== undefined) this.#child.kill(signal);
    return this.#ended;
  }

  /** For the end of a test, whatever came of it. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null) await this.end('SIGKILL');
  }
}

/** Starts the example. @param port what PORT says; by default any free one */
export function quickstart(port = '0'): Program {
  return new Program(entry, { PORT: port });
}
