// Server processes that follow each other on one port while wrk loads it.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { optional, runFromSource } from '@fapws/testing';
import { expect, onTestFinished } from 'vitest';
import type { Address, ServerOptions, TcpAddress } from '../../src/index.ts';
import { Watched } from '../loop/watched.ts';
import type { Message } from './rolling-child.ts';

/** Starting a process takes a second or so, several while wrk takes what the machine has. Milliseconds. */
const START = 30_000;

const WRK = 'wrk';

/** Longer than any test: wrk is stopped by a signal. Seconds. */
const LOAD = 300;

/** A server of rolling-child.ts. */
export class Generation extends Watched {
  readonly #child: ChildProcess;
  #address: Address | null = null;
  #answered: number | null = null;
  #stderr = '';
  #ended: number | string | null = null;

  /**
   * @param inherited a descriptor that becomes the child's number 4
   * @param inside what runs it in a namespace of its own
   */
  constructor(where: Address & ServerOptions, inherited?: number, inside: readonly string[] = []) {
    super();
    const file = join(import.meta.dirname, 'rolling-child.ts');
    const command = [...inside, process.execPath, ...runFromSource, file, JSON.stringify(where)];
    this.#child = spawn(command[0] as string, command.slice(1), {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc', inherited ?? 'ignore'],
    });
    this.#child.stderr?.on('data', (text: Buffer) => {
      this.#stderr += text.toString();
    });
    this.#child.on('message', (message: Message) => {
      if ('answered' in message) this.#answered = message.answered;
      else this.#address = message.address ?? null;
      this.changed();
    });
    this.#child.on('exit', (code, signal) => {
      this.#ended = code ?? signal;
      this.changed();
    });
    onTestFinished(() => {
      this.#child.kill('SIGKILL');
    });
  }

  async listens(): Promise<Address> {
    const listens = (): boolean => {
      if (this.#ended !== null) throw new Error(`the server ended with ${this.#ended}: ${this.#stderr}`);
      return this.#address !== null;
    };
    await this.until('the server listens', listens, START);
    return this.#address as Address;
  }

  /** Has it stop, and waits for its end. @returns how many requests it has answered */
  async stop(): Promise<number> {
    this.#child.kill('SIGTERM');
    await this.until('the server has ended', () => this.#ended !== null, START);
    if (this.#ended !== 0 || this.#answered === null || this.#stderr !== '') {
      throw new Error(`the server ended with ${this.#ended}: ${this.#stderr}`);
    }
    return this.#answered;
  }
}

interface Outcome {
  /** Requests that wrk got an answer to. */
  readonly requests: number;
  /** What wrk says of failures, and what is no answer with 200; empty if there are none. */
  readonly failures: readonly string[];
}

/** wrk, which loads a port until it is told to stop. */
export class Load extends Watched {
  readonly #child: ChildProcess;
  #output = '';
  #ended = false;

  constructor(port: number, parameters: readonly string[] = [], inside: readonly string[] = []) {
    super();
    const url = `http://127.0.0.1:${port}/`;
    const command = [...inside, WRK, '-t1', '-c16', `-d${LOAD}s`, ...parameters, url];
    this.#child = spawn(command[0] as string, command.slice(1), { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#child.stdout?.on('data', (text: Buffer) => {
      this.#output += text.toString();
    });
    this.#child.on('close', () => {
      this.#ended = true;
      this.changed();
    });
    onTestFinished(() => {
      this.#child.kill('SIGKILL');
    });
  }

  async stop(): Promise<Outcome> {
    this.#child.kill('SIGINT');
    await this.until('wrk has ended', () => this.#ended, START);
    const requests = /^\s*(\d+) requests in /m.exec(this.#output)?.[1];
    if (requests === undefined) throw new Error(`not what wrk says: ${this.#output}`);
    return {
      requests: Number(requests),
      failures: this.#output.split('\n').filter(line => /Socket errors|Non-2xx/.test(line)),
    };
  }
}

/** What wrk does with its connections: those for one request each wait in the accept queue, where they could be lost. */
export const connections: readonly (readonly [string, readonly string[]])[] = [
  ['connections that stay', []],
  ['a connection per request', ['-H', 'Connection: close']],
];

export const wrk: boolean = optional(WRK, spawnSync(WRK, ['-v']).error === undefined, 'apt-get install wrk');

const RESTARTS = 4;

/**
 * Restarts a loaded server again and again: the next one starts, and when it listens, the one before it stops. Nothing may fail.
 * @param make starts a server; it is given the port of the first one
 */
export async function rollsWithoutLoss(
  make: (port: number) => Generation,
  load: (port: number) => Load,
): Promise<void> {
  let current = make(0);
  const { port } = (await current.listens()) as TcpAddress;
  const loading = load(port);
  const answered: number[] = [];
  for (let count = 0; count < RESTARTS; count += 1) {
    const next = make(port);
    await next.listens();
    answered.push(await current.stop());
    current = next;
  }
  const { requests, failures } = await loading.stop();
  answered.push(await current.stop());
  expect(failures).toEqual([]);
  // Each of them has served, and nothing was answered that no server knows of.
  expect(Math.min(...answered)).toBeGreaterThan(0);
  expect(answered.reduce((sum, count) => sum + count)).toBeGreaterThanOrEqual(requests);
}
