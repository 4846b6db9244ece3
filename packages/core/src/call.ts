// Runs an application without a socket, for its tests: the request goes through the whole protocol, only the wires are
// missing. What comes back is what a client would have received.

import { Buffer } from 'node:buffer';
import { answer } from './base/answer.ts';
import { Base, type BaseOptions } from './base/base.ts';
import { pageOf } from './base/error-page.ts';
import type { Application, Chunk, Headers } from './base/types.ts';
import { defaultLimits, defaultTimeouts } from './http/limits.ts';
import { Protocol } from './http/protocol.ts';
import { Refusal } from './http/refusal.ts';
import type { Endpoint, Receiver, Transport } from './loop/types.ts';
import { checkNames } from './options.ts';
import { sharedParser } from './parser/parser.ts';
import { normalisePath, plainPath } from './router/path.ts';

export interface CallRequest {
  /** @default 'GET' */
  readonly method?: string | undefined;
  /** The request target, e.g. `/path?query`. @default '/' */
  readonly target?: string | undefined;
  /** Sent as they are, after Host and framing, which are added where they are missing. */
  readonly headers?: Headers | Readonly<Record<string, string>> | undefined;
  /** Content; a string goes out as UTF-8. */
  readonly body?: Chunk | undefined;
  /** The client's end. @default { address: '127.0.0.1', port: 1 } */
  readonly remote?: Endpoint | undefined;
}

/** What a client would have received. */
export interface CallResponse {
  /** Code and reason, e.g. `200 OK`. */
  readonly status: string;
  readonly statusCode: number;
  readonly headers: [string, string][];
  /** The value of a header, in whatever case it is asked for; several joined by `, `. */
  header(name: string): string | undefined;
  /** Content, without its framing. */
  readonly body: Buffer;
  text(): string;
  json(): unknown;
}

/**
 * Calls an application with a request and resolves with the answer.
 * @param request what differs from `GET /`; a string is the target
 * @throws {Error} when the application breaks the connection off instead of answering
 */
export function call(
  application: Application,
  request: CallRequest | string = '/',
  base: BaseOptions = {},
): Promise<CallResponse> {
  const settings = new Base(base);
  return callThrough(
    afterTurn =>
      new Protocol({
        parser: sharedParser(),
        limits: defaultLimits,
        timeouts: defaultTimeouts,
        answerer: {
          answer: exchange => {
            const path = normalisePath(exchange.head.path);
            if (path === undefined) exchange.refuse(Refusal.target);
            else
              answer(settings, exchange, application, {
                scriptName: '',
                pathInfo: plainPath(path),
                params: {},
              });
          },
          refusalPage: refusal =>
            pageOf(settings, refusal.status, refusal.detail, 'a request that was refused'),
        },
        ident: settings.ident,
        afterTurn,
      }),
    request,
  );
}

/** @internal Sends a request through a protocol of its own. */
export function callThrough(
  makeProtocol: (afterTurn: (task: () => void) => void) => Protocol,
  request: CallRequest | string,
): Promise<CallResponse> {
  const wanted = typeof request === 'string' ? { target: request } : request;
  return new Promise((resolve, reject) => {
    checkNames('part of a request to call', wanted, ['method', 'target', 'headers', 'body', 'remote']);
    const protocol = makeProtocol(task => queueMicrotask(task));
    // The answer is then the last one, whatever the request says of the connection, and its end that of the connection.
    protocol.persistent = false;
    const wire = new Wire(requestOctets(wanted), wanted.remote ?? { address: '127.0.0.1', port: 1 }, () => {
      try {
        resolve(parseResponse(wanted.method ?? 'GET', Buffer.concat(wire.received)));
      } catch (error) {
        reject(error);
      }
    });
    // Later, because a callback may itself call another application while the parser reads its request.
    setImmediate(() => {
      wire.receiver = protocol.open(wire);
      wire.feed();
    });
  });
}

/** A connection that consists of memory. */
class Wire implements Transport {
  readonly received: Buffer[] = [];
  readonly backlog = 0;
  readonly remote: Endpoint;
  readonly local: Endpoint = { address: '127.0.0.1', port: 80 };
  receiver: Receiver | null = null;
  #unsent: Buffer;
  #paused = false;
  #done: (() => void) | null;
  #feeding = false;

  constructor(octets: Buffer, remote: Endpoint, done: () => void) {
    this.#unsent = octets;
    this.remote = remote;
    this.#done = done;
  }

  /** Delivers the request in reads of the size that sockets have, as long as the server takes them. */
  feed(): void {
    if (this.#feeding) return;
    this.#feeding = true;
    const { input } = sharedParser();
    while (!this.#paused && this.#unsent.length !== 0 && this.#done !== null) {
      const length = this.#unsent.copy(input);
      this.#unsent = this.#unsent.subarray(length);
      this.receiver?.data(length);
    }
    this.#feeding = false;
  }

  write(data: string | Uint8Array): boolean {
    this.received.push(typeof data === 'string' ? Buffer.from(data, 'latin1') : Buffer.from(data));
    return true;
  }

  writeWhole(head: string, content: string | Uint8Array): boolean {
    this.write(head);
    return this.write(content);
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    setImmediate(() => this.feed());
  }

  end(): void {
    this.#finish();
  }

  destroy(): void {
    this.#finish();
  }

  reset(): void {
    this.#finish();
  }

  #finish(): void {
    const done = this.#done;
    this.#done = null;
    if (done === null) return;
    // Later, so that the connection has settled its own state.
    queueMicrotask(() => {
      this.receiver?.close(null);
      done();
    });
  }
}

function requestOctets({ method = 'GET', target = '/', headers = [], body }: CallRequest): Buffer {
  const lines = Array.isArray(headers) ? (headers as Headers) : Object.entries(headers);
  const names = new Set(lines.map(([name]) => name.toLowerCase()));
  const content = body === undefined ? Buffer.alloc(0) : Buffer.from(body as string);
  let head = `${method} ${target} HTTP/1.1\r\n`;
  if (!names.has('host')) head += 'Host: localhost\r\n';
  for (const [name, value] of lines) head += `${name}: ${value}\r\n`;
  if (body !== undefined && !names.has('content-length') && !names.has('transfer-encoding')) {
    head += `Content-Length: ${content.length}\r\n`;
  }
  return Buffer.concat([Buffer.from(`${head}\r\n`, 'latin1'), content]);
}

/** Takes apart what this server itself has written: its framing is known to be correct, unless it was cut. */
function parseResponse(method: string, octets: Buffer): CallResponse {
  let rest = octets;
  let head: string[];
  do {
    const end = rest.indexOf('\r\n\r\n');
    if (end === -1) throw new Error('The connection was cut before the head of an answer was complete.');
    head = rest.toString('latin1', 0, end).split('\r\n');
    rest = rest.subarray(end + 4);
  } while (head[0]?.startsWith('HTTP/1.1 1'));
  const status = (head[0] as string).slice('HTTP/1.1 '.length);
  const headers = head.slice(1).map((line): [string, string] => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon), line.slice(colon + 2)];
  });
  const header = (name: string): string | undefined => {
    const values = headers
      .filter(([known]) => known.toLowerCase() === name.toLowerCase())
      .map(([, value]) => value);
    return values.length === 0 ? undefined : values.join(', ');
  };
  // An answer to HEAD and a 304 may say how their content would be framed, but have none; neither has a 204.
  const contentless = method === 'HEAD' || status.startsWith('204') || status.startsWith('304');
  const body = contentless ? rest : contentOf(rest, header('Content-Length'));
  const text = (): string => body.toString('utf8');
  return {
    status,
    statusCode: Number(status.slice(0, 3)),
    headers,
    header,
    body,
    text,
    json: () => JSON.parse(text()) as unknown,
  };
}

/** @param length as announced; without one the content is in chunks */
function contentOf(octets: Buffer, length: string | undefined): Buffer {
  if (length === undefined) return unchunked(octets);
  if (octets.length !== Number(length)) throw cutInContent();
  return octets;
}

function unchunked(octets: Buffer): Buffer {
  const chunks: Buffer[] = [];
  let rest = octets;
  for (;;) {
    const lineEnd = rest.indexOf('\r\n');
    if (lineEnd === -1) throw cutInContent();
    const size = Number.parseInt(rest.toString('latin1', 0, lineEnd), 16);
    if (size === 0) return Buffer.concat(chunks);
    if (rest.length < lineEnd + 4 + size) throw cutInContent();
    chunks.push(rest.subarray(lineEnd + 2, lineEnd + 2 + size));
    rest = rest.subarray(lineEnd + 4 + size);
  }
}

function cutInContent(): Error {
  return new Error('The connection was cut in the middle of the content.');
}
