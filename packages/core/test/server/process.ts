// Runs child.ts and talks to it.

import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { runFromSource } from '@fapws/testing';
import { onTestFinished } from 'vitest';
import type { Address } from '../../src/index.ts';
import { Watched } from '../loop/watched.ts';
import type { ChildTask } from './child.ts';
import { Client } from './client.ts';

/** Starting a process with TypeScript in it takes a second or so, more on a busy machine. */
const START = 15_000;

interface Started {
  readonly line: string;
  readonly address: Address;
}

export class ServerProcess extends Watched {
  readonly child: ChildProcess;
  readonly messages: unknown[] = [];
  stderr = '';
  code: number | null = null;
  signal: string | null = null;

  constructor(
    task: ChildTask,
    options: {
      readonly inherited?: number | 'pipe';
      readonly env?: NodeJS.ProcessEnv;
      readonly uid?: number;
    } = {},
  ) {
    super();
    this.child = spawn(
      process.execPath,
      [...runFromSource, join(import.meta.dirname, 'child.ts'), JSON.stringify(task)],
      {
        stdio: ['ignore', 'ignore', 'pipe', 'ipc', options.inherited ?? 'ignore'],
        env: { ...process.env, ...options.env },
        ...(options.uid === undefined ? {} : { uid: options.uid }),
      },
    );
    this.child.stderr?.on('data', (text: Buffer) => {
      this.stderr += text.toString();
    });
    this.child.on('message', message => {
      this.messages.push(message);
      this.changed();
    });
    this.child.on('exit', (code, signal) => {
      this.code = code;
      this.signal = signal;
      this.changed();
    });
    onTestFinished(() => {
      this.child.kill('SIGKILL');
    });
  }

  get exited(): boolean {
    return this.code !== null || this.signal !== null;
  }

  #find<T>(kind: string): T | undefined {
    return this.messages.find(message => typeof message === 'object' && kind in (message as object)) as
      | T
      | undefined;
  }

  async started(): Promise<Started> {
    await this.until(
      'the server has started',
      () => {
        if (this.exited)
          throw new Error(`it exited with ${this.code}: ${this.stderr}${JSON.stringify(this.messages)}`);
        return this.#find('line') !== undefined;
      },
      START,
    );
    return this.#find<Started>('line') as Started;
  }

  async failure(): Promise<{ name: string; code: string; message: string }> {
    await this.until('the server has failed', () => this.#find('error') !== undefined || this.exited, START);
    const failure = this.#find<{ error: { name: string; code: string; message: string } }>('error');
    if (failure === undefined) throw new Error(`it exited with ${this.code}: ${this.stderr}`);
    return failure.error;
  }

  untilMessage(message: string): Promise<void> {
    return this.until(`the message ${message}`, () => this.messages.includes(message));
  }

  untilExited(): Promise<void> {
    return this.until('the process has ended', () => this.exited);
  }

  async client(): Promise<Client> {
    return await Client.connect((await this.started()).address);
  }
}
