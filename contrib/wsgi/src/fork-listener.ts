// Where forked workers come back to: each of them connects three times, for its channel, its standard output and its standard
// error, and says first who it is. It must not know what passes afterwards.

import { Buffer } from 'node:buffer';
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const roles = ['stdout', 'stderr', 'channel'] as const;
export type ForkRole = (typeof roles)[number];

/** Milliseconds for a connection to say who it is, and octets that it may take for that. */
const PATIENCE = 5000;
const LONGEST_INTRODUCTION = 256;
/** Octets of a socket's name on Linux. */
const SUN_PATH = 108;

/**
 * As long as it can be: Node 20 fills a shorter one up with NULs, which are a part of the name, and later versions do not, so
 * the others would have to know which it is.
 */
function abstractName(): string {
  const beginning = '\0fapws-';
  const length = SUN_PATH - beginning.length;
  return beginning + randomBytes(length).toString('hex').slice(0, length);
}

/** @param socket paused, with what came behind the introduction still in it */
export type ForkArrival = (fork: number, pid: number, role: ForkRole, socket: Socket) => void;

export class ForkListener {
  /** A name without a file on Linux, otherwise a socket in a folder that nobody else may enter. */
  readonly address: string;
  /** Any process of the machine can connect to such a name; only a fork knows this. */
  readonly token: string = randomBytes(32).toString('hex');
  readonly #folder: string | null = null;
  readonly #server: Server;

  constructor(arrival: ForkArrival, platform: NodeJS.Platform = process.platform) {
    if (platform === 'linux') {
      this.address = abstractName();
    } else {
      this.#folder = mkdtempSync(join(tmpdir(), 'fapws-'));
      this.address = join(this.#folder, 'forks');
    }
    this.#server = createServer(socket => this.#introduce(socket, arrival));
    this.#server.unref();
  }

  /** @throws Error when the system allows no such socket */
  async listen(): Promise<void> {
    // In a process of node:cluster the sockets of a server are the primary's, unless they are asked for alone.
    this.#server.listen({ path: this.address, exclusive: true });
    await once(this.#server, 'listening');
  }

  close(): void {
    this.#server.close();
    if (this.#folder !== null) rmSync(this.#folder, { recursive: true, force: true });
  }

  #introduce(socket: Socket, arrival: ForkArrival): void {
    const late = setTimeout(() => socket.destroy(), PATIENCE);
    let octets = Buffer.alloc(0);
    const read = (piece: Buffer): void => {
      octets = Buffer.concat([octets, piece]);
      const end = octets.indexOf('\n');
      if (end === -1 && octets.length <= LONGEST_INTRODUCTION) return;
      clearTimeout(late);
      socket.pause();
      socket.off('data', read);
      const [token = '', fork, pid, role] = octets.toString('latin1', 0, Math.max(end, 0)).split(' ');
      if (!this.#isToken(token) || !(roles as readonly (string | undefined)[]).includes(role)) {
        socket.destroy();
        return;
      }
      const rest = octets.subarray(end + 1);
      if (rest.length !== 0) socket.unshift(rest);
      arrival(Number(fork), Number(pid), role as ForkRole, socket);
    };
    socket.on('data', read);
    // What a broken connection means is told by its end.
    socket.on('error', () => {});
    socket.once('close', () => clearTimeout(late));
  }

  #isToken(said: string): boolean {
    const octets = Buffer.from(said, 'latin1');
    return octets.length === this.token.length && timingSafeEqual(octets, Buffer.from(this.token, 'latin1'));
  }
}
