// A folder of scripts, and a server that runs them: shared by the tests.

import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import {
  type CallRequest,
  type CallResponse,
  type ErrorStream,
  type Middleware,
  type Server,
  type ServerOptions,
  start,
} from '@fapws/core';
import { vi } from 'vitest';
import { type CgiOptions, cgi } from '../src/index.ts';

// Processes are started here, maybe on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

/** How long anything may take, in milliseconds. */
export const BOUND = 10_000;

/** A folder of its own, which is removed in the end. */
export class Scripts implements Disposable {
  readonly root: string = realpathSync(mkdtempSync(join(tmpdir(), 'fapws-cgi-')));

  path(name: string): string {
    return join(this.root, name);
  }

  /** Writes a script. @param text with its `#!` line; without one it is for sh, unless it is PHP */
  write(name: string, text: string, mode = 0o755): string {
    const path = this.path(name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, /^(#!|<\?)/.test(text) ? text : `#!/bin/sh\n${text}`);
    chmodSync(path, mode);
    return path;
  }

  link(name: string, target: string): void {
    symlinkSync(target, this.path(name));
  }

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

export class Log implements ErrorStream {
  text = '';

  write(text: string): void {
    this.text += text;
  }

  writelines(texts: Iterable<string>): void {
    for (const text of texts) this.write(text);
  }

  flush(): void {}
}

/** A server whose `/cgi-bin` is the folder. */
export class CgiServer implements AsyncDisposable {
  readonly log = new Log();
  readonly server: Server;
  #listens = false;
  /** Requests whose answers are over. */
  over = 0;

  constructor(
    target: { readonly root: string },
    options: CgiOptions = {},
    middleware: Middleware = app => app,
    server: ServerOptions = {},
  ) {
    this.server = start('127.0.0.1', 0, server);
    this.server.base({ errors: this.log });
    this.server.use(application => (environ, startResponse) => {
      environ['fapws.after'](() => {
        this.over += 1;
      });
      return application(environ, startResponse);
    });
    this.server.mount('/cgi-bin', middleware(cgi({ root: target.root }, options)));
  }

  /** Without a socket. */
  call(path: string, request: CallRequest = {}): Promise<CallResponse> {
    return this.server.call({ target: `/cgi-bin${path}`, ...request });
  }

  /** Listens, if it does not yet, and gives the port. */
  async port(): Promise<number> {
    if (!this.#listens) await this.server.listen();
    this.#listens = true;
    return Number(new URL(this.server.url).port);
  }

  /** The address of a script, for `fetch`. */
  async url(path: string): Promise<string> {
    return `http://127.0.0.1:${await this.port()}/cgi-bin${path}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#listens) await this.server.stop({ graceMs: 100 });
  }
}

/** What a script says: `printf 'Content-Type: text/plain\n\n'` and this. */
export const text = (commands: string): string => `printf 'Content-Type: text/plain\\n\\n'\n${commands}\n`;

/** Waits until something holds. @throws Error when time is over */
export async function until(holds: () => boolean, what: string): Promise<void> {
  for (const end = Date.now() + BOUND; !holds(); await setTimeout(10)) {
    if (Date.now() > end) throw new Error(`${what}: not in ${BOUND} ms`);
  }
}

/**
 * Whether a process runs. One that has ended and waits for its parent to notice does not: the parent of a script's children is
 * the system's init in the end, which takes its time.
 */
export function runs(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
