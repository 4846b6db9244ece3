// How a process whose files have been edited gets its successor. It asks the supervisor on a socket in a folder that is this
// user's alone; the supervisor starts another process and says where that listens for requests that are handed over.

import { randomBytes } from 'node:crypto';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Supervisor, WorkersEvent } from '@fapws/workers';
import type { Successors } from './fresh.ts';
import { type Handover, socketOf } from './passing.ts';

/** What the supervisor says: one of these, as a line of JSON. */
interface Reply {
  readonly socket?: string;
  readonly failed?: string;
}

function addressOf({ folder }: Handover): string {
  return `${folder}/supervisor.sock`;
}

/** The supervisor's side. */
export class Succession implements AsyncDisposable {
  readonly handover: Handover;
  readonly #server: Server;
  readonly #waiting = new Set<Socket>();
  #supervisor: Supervisor | null = null;
  /** Whether a process is asked for that has not said yet whether it serves. */
  #coming = false;
  readonly #watch = (event: unknown): void => this.#see(event as WorkersEvent);

  private constructor(handover: Handover, server: Server) {
    this.handover = handover;
    this.#server = server;
    server.on('connection', socket => this.#asked(socket));
    subscribe('fapws:workers', this.#watch);
  }

  static async open(): Promise<Succession> {
    const handover = {
      folder: mkdtempSync(join(tmpdir(), 'fapws-')),
      secret: randomBytes(24).toString('base64url'),
    };
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(addressOf(handover), resolve);
    });
    return new Succession(handover, server);
  }

  /** From now on processes can be asked for. */
  serve(supervisor: Supervisor): void {
    this.#supervisor = supervisor;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    unsubscribe('fapws:workers', this.#watch);
    for (const socket of this.#waiting) socket.destroy();
    await new Promise<void>(resolve => this.#server.close(() => resolve()));
    rmSync(this.handover.folder, { recursive: true, force: true });
  }

  #asked(socket: Socket): void {
    this.#waiting.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => this.#waiting.delete(socket));
    if (this.#coming || this.#supervisor === null) return;
    this.#coming = true;
    // The promise is settled only when the predecessor has ended, which waits for its successor.
    this.#supervisor.restart().catch((error: Error) => this.#reply({ failed: error.message }));
  }

  #see(event: WorkersEvent): void {
    // The predecessor waits for it with requests in its hands, so it is told before it is to stop.
    if (event.event === 'ready') this.#reply({ socket: socketOf(this.handover, event.pid) });
  }

  #reply(reply: Reply): void {
    this.#coming = false;
    for (const socket of this.#waiting) socket.end(`${JSON.stringify(reply)}\n`);
    this.#waiting.clear();
  }
}

/** The side of a process that serves. */
export function successorsBy(handover: Handover): Successors {
  let asked: Promise<string> | null = null;
  const next = (): Promise<string> => {
    asked ??= ask(handover).finally(() => {
      asked = null;
    });
    return asked;
  };
  return { next };
}

function ask(handover: Handover): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(addressOf(handover));
    socket.setEncoding('utf8').on('data', (more: string) => {
      text += more;
    });
    socket.on('error', reject);
    socket.on('close', () => {
      if (text === '') return reject(new Error('The supervisor has stopped.'));
      const { socket: found, failed } = JSON.parse(text) as Reply;
      if (found !== undefined) resolve(found);
      else reject(new Error(failed));
    });
  });
}
