// What the tests share: a folder of files, a server that serves it, and a client that sends paths as they are written.

import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Middleware, Server } from '@fapws/core';
import { onTestFinished, vi } from 'vitest';
import { type StaticOptions, staticFiles } from '../src/index.ts';

// Large files are made here, maybe on a busy machine.
vi.setConfig({ testTimeout: 30_000 });

/** When files of a site were changed, unless a test says otherwise: long ago, and not on a full second. */
export const changed = new Date('2026-01-02T03:04:05.678Z');
export const changedHttp = 'Fri, 02 Jan 2026 03:04:05 GMT';

/** A folder that is there until the test is over. */
export class Site {
  readonly root: string;

  constructor(files: Record<string, string | Uint8Array> = {}) {
    this.root = realpathSync(mkdtempSync(join(tmpdir(), 'fapws-static-')));
    for (const [path, content] of Object.entries(files)) this.write(path, content);
    onTestFinished(() => rmSync(this.root, { recursive: true, force: true, maxRetries: 5 }));
  }

  /** @param when the file was changed; null for now */
  write(path: string, content: string | Uint8Array, when: Date | null = changed): string {
    const file = this.file(path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
    if (when !== null) utimesSync(file, when, when);
    return file;
  }

  file(path: string): string {
    return join(this.root, path);
  }
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Header lines as they came. */
  readonly lines: readonly string[];
  readonly body: Buffer;
  readonly text: string;
}

export interface Ask {
  readonly method?: string;
  readonly headers?: Record<string, string>;
}

export class Serving {
  readonly port: number;
  /** What `wsgi.errors` was told. */
  log = '';
  readonly #agent = new Agent({ keepAlive: true });

  constructor(port: number) {
    this.port = port;
    onTestFinished(() => this.#agent.destroy());
  }

  /** @param path sent as it is written */
  ask(path: string, { method = 'GET', headers = {} }: Ask = {}): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const asked = request(
        { host: '127.0.0.1', port: this.port, path, method, headers, agent: this.#agent, timeout: 10_000 },
        answer => {
          const pieces: Buffer[] = [];
          answer.on('data', (piece: Buffer) => pieces.push(piece));
          answer.on('error', reject);
          answer.on('end', () => {
            const body = Buffer.concat(pieces);
            resolve({
              status: answer.statusCode as number,
              headers: answer.headers,
              lines: answer.rawHeaders,
              body,
              text: body.toString(),
            });
          });
        },
      );
      asked.on('timeout', () => asked.destroy(new Error(`no answer to ${path}`)));
      asked.on('error', reject);
      asked.end();
    });
  }
}

export interface ServeOptions extends StaticOptions {
  readonly prefix?: string;
  readonly middleware?: Middleware;
}

/** Serves a folder until the test is over. */
export async function serve(site: Site | string, options: ServeOptions = {}): Promise<Serving> {
  const { prefix = '/', middleware = app => app, ...rest } = options;
  const server = new Server([{ host: '127.0.0.1', port: 0 }]);
  const lines: string[] = [];
  server.base({
    errors: {
      write: text => {
        lines.push(text);
        serving.log += text;
      },
      writelines: texts => lines.push(...texts),
      flush: () => {},
    },
  });
  server.mount(prefix, middleware(staticFiles(typeof site === 'string' ? site : site.root, rest)));
  await server.listen();
  onTestFinished(async () => {
    await server.stop({ graceMs: 0 });
  });
  const serving = new Serving(Number(new URL(server.url).port));
  return serving;
}

/** Named pipes, which nobody writes to. */
export function makeFifos(...paths: string[]): void {
  const command = 'mkfifo';
  execFileSync(command, paths);
}

/** Descriptors of files below a folder that this process has open. */
export function openFiles(root: string): number {
  let count = 0;
  for (const fd of readdirSync('/proc/self/fd')) {
    try {
      if (realpathSync(`/proc/self/fd/${fd}`).startsWith(root)) count += 1;
    } catch {
      // It was the descriptor of this very look, or of a file that is gone.
    }
  }
  return count;
}

/** Waits, within bounds, until something holds. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + 15_000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`not within 15 seconds: ${what}`);
    await new Promise(resolve => setTimeout(resolve, 10));
  }
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, milliseconds));
}
