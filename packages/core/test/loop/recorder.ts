// A receiver that writes down what a loop tells it, and a listener full of them.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Acceptor, Address, Listener, Loop, Receiver, Transport } from '../../src/loop/types.ts';
import { Watched } from './watched.ts';

/** What a test does when something happens. */
export interface Reactions {
  open?(connection: Recorder): void;
  /** `octets` is the loop's own memory: valid during the call only. */
  data?(connection: Recorder, octets: Buffer): void;
  drain?(connection: Recorder): void;
  end?(connection: Recorder): void;
  close?(connection: Recorder, error: Error | null): void;
}

export class Recorder extends Watched implements Receiver {
  readonly transport: Transport;
  /** `open`, `data`, `drain`, `end`, `close`, in the order in which they happened. */
  readonly events: string[] = ['open'];
  readonly pieces: Buffer[] = [];
  octets = 0;
  error: NodeJS.ErrnoException | null = null;
  readonly #input: Buffer;
  readonly #reactions: Reactions;

  constructor(transport: Transport, input: Buffer, reactions: Reactions) {
    super();
    this.transport = transport;
    this.#input = input;
    this.#reactions = reactions;
    reactions.open?.(this);
  }

  get text(): string {
    return Buffer.concat(this.pieces).toString('latin1');
  }

  /** How often something happened. */
  count(event: string): number {
    return this.events.filter(known => known === event).length;
  }

  data(length: number): void {
    const octets = this.#input.subarray(0, length);
    this.pieces.push(Buffer.from(octets));
    this.octets += length;
    this.#happened('data', () => this.#reactions.data?.(this, octets));
  }

  drain(): void {
    this.#happened('drain', () => this.#reactions.drain?.(this));
  }

  end(): void {
    this.#happened('end', () => this.#reactions.end?.(this));
  }

  close(error: Error | null): void {
    this.error = error;
    this.#happened('close', () => this.#reactions.close?.(this, error));
  }

  #happened(event: string, react: () => void): void {
    this.events.push(event);
    try {
      react();
    } finally {
      this.changed();
    }
  }

  untilEvent(event: string, times: number = 1): Promise<void> {
    return this.until(`the loop tells of ${event}`, () => this.count(event) >= times);
  }

  untilText(text: string): Promise<void> {
    return this.until(`the loop has read ${JSON.stringify(text)}`, () => this.text.endsWith(text));
  }
}

/** Connections in the order in which they came. */
export class Arrivals extends Watched implements Acceptor {
  readonly connections: Recorder[] = [];
  readonly errors: Error[] = [];
  listener: Listener | null = null;
  readonly #input: Buffer;
  readonly #reactions: Reactions;

  constructor(input: Buffer, reactions: Reactions) {
    super();
    this.#input = input;
    this.#reactions = reactions;
  }

  get address(): Address {
    return (this.listener as Listener).address;
  }

  open(transport: Transport): Receiver {
    const connection = new Recorder(transport, this.#input, this.#reactions);
    this.connections.push(connection);
    this.changed();
    return connection;
  }

  error(error: Error): void {
    this.errors.push(error);
    this.changed();
  }

  /** The connection of this number, from 0 on, as soon as it is there. */
  async connection(number: number = 0): Promise<Recorder> {
    await this.until(`connection ${number} is accepted`, () => this.connections.length > number);
    return this.connections[number] as Recorder;
  }
}

export const loopback: Address = { host: '127.0.0.1', port: 0 };

/** Listens until the test is over. */
export async function listening(
  loop: Loop,
  input: Buffer,
  reactions: Reactions = {},
  address: Address = loopback,
): Promise<Arrivals> {
  const arrivals = new Arrivals(input, reactions);
  arrivals.listener = await loop.listen(address, { backlog: 1024, reusePort: false }, arrivals);
  onTestFinished(async () => {
    for (const { transport } of arrivals.connections) transport.destroy();
    await arrivals.listener?.close();
  });
  return arrivals;
}

/** A folder of this test's own. */
export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'fapws-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** A path for a unix socket. */
export function socketPath(): string {
  return join(folder(), 'socket');
}
