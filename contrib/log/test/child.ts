// Processes with a log, for tests.

import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { runFromSource } from '@fapws/testing';

const fixture = join(import.meta.dirname, 'fixtures/writer.ts');
const bound = 30_000;

export interface Task {
  readonly to: 'stdout' | { readonly file: string };
  readonly lines: number;
  readonly name?: string;
  readonly end: 'exit' | 'throw' | 'close' | 'natural' | 'serve';
  /** Milliseconds between lines. */
  readonly every?: number;
  readonly options?: object;
}

export class Child implements AsyncDisposable {
  readonly process: ChildProcess;
  errors = '';
  readonly #exit: Promise<unknown[]>;

  constructor(task: Task, stdio: SpawnOptions['stdio'] = ['ignore', 'pipe', 'pipe']) {
    const given = { name: 'a', every: 0, options: {}, ...task };
    this.process = spawn(process.execPath, [...runFromSource, fixture, JSON.stringify(given)], { stdio });
    this.process.stderr?.setEncoding('utf8').on('data', text => {
      this.errors += text;
    });
    this.#exit = once(this.process, 'close', { signal: AbortSignal.timeout(bound) });
    this.#exit.catch(() => {});
  }

  /** Resolves when standard error has had this. */
  async said(text: string): Promise<void> {
    const { stderr } = this.process;
    if (stderr === null) throw new Error('standard error is not read');
    while (!this.errors.includes(text)) {
      await once(stderr, 'data', { signal: AbortSignal.timeout(bound) });
    }
  }

  /** The exit code. */
  async exited(): Promise<number | null> {
    const [code] = await this.#exit;
    return code as number | null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.process.exitCode === null && this.process.signalCode === null) this.process.kill('SIGKILL');
    await this.#exit.catch(() => {});
  }
}

/** Calls again and again until it answers true. */
export async function until(holds: () => boolean, what: string): Promise<void> {
  const giveUpAt = Date.now() + bound;
  while (!holds()) {
    if (Date.now() > giveUpAt) throw new Error(`never: ${what}`);
    await new Promise(resolve => setTimeout(resolve, 10));
  }
}
