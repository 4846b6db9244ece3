// The other end of a connection: a plain socket of node:net, which shares nothing with the loops under test.

import { connect, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import type { Address } from '../../src/loop/types.ts';
import { Watched, within } from './watched.ts';

export interface PeerOptions {
  /** Keep the sending side open when the server has shut its own. @default true */
  readonly allowHalfOpen?: boolean;
  /** Connect to a TCP listener by this address instead of the one it reports. */
  readonly host?: string;
}

export class Peer extends Watched {
  readonly socket: Socket;
  /** What each read brought. */
  readonly reads: Buffer[] = [];
  octets = 0;
  /** The server has shut its side. */
  ended = false;
  closed = false;
  error: NodeJS.ErrnoException | null = null;

  /** Connects; the connection is broken off when the test is over. */
  static async connect(address: Address, options: PeerOptions = {}): Promise<Peer> {
    const peer = new Peer(address, options);
    await peer.until('connected', () => peer.socket.readyState === 'open' || peer.closed);
    if (peer.error !== null) throw peer.error;
    return peer;
  }

  private constructor(address: Address, { allowHalfOpen = true, host }: PeerOptions) {
    super();
    if ('fd' in address) throw new Error('nobody can connect to a number');
    this.socket =
      'path' in address
        ? connect({ path: address.path, allowHalfOpen })
        : connect({ host: host ?? address.host, port: address.port, allowHalfOpen, noDelay: true });
    this.socket.on('connect', () => this.changed());
    this.socket.on('data', (bytes: Buffer) => {
      this.reads.push(bytes);
      this.octets += bytes.length;
      this.changed();
    });
    this.socket.on('end', () => {
      this.ended = true;
      this.changed();
    });
    this.socket.on('error', error => {
      this.error = error;
    });
    this.socket.on('close', () => {
      this.closed = true;
      this.changed();
    });
    onTestFinished(() => {
      this.socket.destroy();
    });
  }

  get bytes(): Buffer {
    return Buffer.concat(this.reads);
  }

  /** What has arrived, one code point per octet. */
  get text(): string {
    return this.bytes.toString('latin1');
  }

  get port(): number {
    return this.socket.localPort as number;
  }

  send(data: string | Uint8Array): void {
    this.socket.write(typeof data === 'string' ? Buffer.from(data, 'latin1') : data);
  }

  /** Sends, and resolves when the kernel has taken all. */
  sent(data: string | Uint8Array): Promise<void> {
    return within(
      new Promise<void>((resolve, reject) =>
        this.socket.write(typeof data === 'string' ? Buffer.from(data, 'latin1') : data, error =>
          error ? reject(error) : resolve(),
        ),
      ),
      'all is sent',
    );
  }

  end(): void {
    this.socket.end();
  }

  reset(): void {
    this.socket.resetAndDestroy();
  }

  /** Waits until `text` stands at the end of what has arrived. */
  untilText(text: string): Promise<void> {
    return this.until(`the peer has read ${JSON.stringify(text)}`, () => this.text.endsWith(text));
  }

  untilOctets(count: number): Promise<void> {
    return this.until(`the peer has read ${count} octets`, () => this.octets >= count);
  }

  untilEnded(): Promise<void> {
    return this.until('the server has shut its side', () => this.ended || this.closed);
  }

  untilClosed(): Promise<void> {
    return this.until('the connection is closed', () => this.closed);
  }
}
