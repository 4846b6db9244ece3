// A client that shows what is on the wire: node:http decodes nothing by itself.

import { once } from 'node:events';
import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import zlib from 'node:zlib';
import { type Application, type Middleware, type Server, start } from '@fapws/core';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** The header lines but for Date. */
  readonly lines: readonly string[];
  /** As it was sent. */
  readonly body: Buffer;
  /** As it was meant. */
  readonly content: Buffer;
  text(): string;
}

const newer = zlib as { zstdDecompressSync?: (content: Uint8Array) => Buffer };

/** Whether this Node has zstd. */
export const hasZstd: boolean = newer.zstdDecompressSync !== undefined;

export function decode(encoding: string | undefined, body: Buffer): Buffer {
  switch (encoding) {
    case undefined:
      return body;
    case 'gzip':
      return zlib.gunzipSync(body);
    case 'deflate':
      return zlib.inflateSync(body);
    case 'br':
      return zlib.brotliDecompressSync(body);
    case 'zstd':
      return newer.zstdDecompressSync?.(body) as Buffer;
    default:
      throw new Error(`what is ${encoding}?`);
  }
}

export interface Wanted {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Record<string, string>;
}

/** Sends a request and waits for the head of its answer. */
export async function open(server: Server, wanted: Wanted = {}): Promise<IncomingMessage> {
  const { method = 'GET', path = '/', headers = {} } = wanted;
  const asked = request(server.url, {
    method,
    path,
    headers,
    agent: false,
    signal: AbortSignal.timeout(10_000),
  });
  asked.end();
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  return response;
}

/** Sends a request and reads all of its answer. Rejects if that is cut. */
export async function ask(server: Server, wanted: Wanted = {}): Promise<Answer> {
  const response = await open(server, wanted);
  const received: Buffer[] = [];
  for await (const octets of response) received.push(octets as Buffer);
  const body = Buffer.concat(received);
  const isEmpty = wanted.method === 'HEAD' || body.length === 0;
  const content = isEmpty ? body : decode(response.headers['content-encoding'], body);
  const lines: string[] = [];
  for (let at = 0; at < response.rawHeaders.length; at += 2) {
    const [name, value] = response.rawHeaders.slice(at);
    if (name !== 'Date') lines.push(`${name}: ${value}`);
  }
  return {
    status: response.statusCode as number,
    headers: response.headers,
    lines: lines.sort(),
    body,
    content,
    text: () => content.toString('utf8'),
  };
}

/** Runs an application behind a middleware for as long as `use` takes. What it reports goes to `reported`. */
export async function serving(
  middleware: Middleware,
  application: Application,
  use: (server: Server, reported: readonly string[]) => Promise<void>,
): Promise<void> {
  const server = start('127.0.0.1', 0);
  const reported: string[] = [];
  server.base({
    errors: {
      write: text => void reported.push(text),
      writelines: texts => void reported.push(...texts),
      flush: () => {},
    },
  });
  server.mount('/', middleware(application));
  await server.listen();
  try {
    await use(server, reported);
  } finally {
    await server.stop({ graceMs: 0 });
  }
}
