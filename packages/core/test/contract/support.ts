// What the contract's tests share: a server whose log is kept, and a client that sees every octet.
// The client reads framing by itself, so that no library can smooth over what the server did wrong.

import { connect, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import {
  type Address,
  type Application,
  type BaseOptions,
  type ErrorStream,
  Server,
  type ServerOptions,
} from '../../src/index.ts';

const PATIENCE = 4000;

/** Fails when something does not happen in time. */
export async function within<T>(what: string, promise: Promise<T>, milliseconds = PATIENCE): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${milliseconds} ms: ${what}`)), milliseconds);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** A `wsgi.errors` that keeps what it is told. */
export class Log implements ErrorStream {
  text = '';
  #tasks: (() => void)[] = [];

  write(text: string): void {
    this.text += text;
    const tasks = this.#tasks;
    this.#tasks = [];
    for (const task of tasks) task();
  }

  writelines(lines: Iterable<string>): void {
    for (const line of lines) this.write(line);
  }

  flush(): void {}

  /** Reports of the server. A stack has many lines; its first one counts. */
  get lines(): string[] {
    return this.text.split('\n').filter(line => line.startsWith('fapws: '));
  }

  /** Resolves when something matching was written. */
  async has(wanted: RegExp): Promise<void> {
    await within(
      `the log has ${wanted}, it has ${JSON.stringify(this.text)}`,
      (async () => {
        while (!wanted.test(this.text)) await new Promise<void>(resolve => this.#tasks.push(resolve));
      })(),
    );
  }
}

export interface Serving {
  readonly server: Server;
  readonly address: Address;
  readonly log: Log;
  /** A new connection. */
  connect(): Promise<Client>;
  /** One request on a connection of its own; resolves with the first answer and all that the connection brought. */
  ask(request: string | Uint8Array, options?: { head?: boolean }): Promise<Answer>;
  /** The server is alive when it answers another client. */
  alive(): Promise<void>;
}

export const ALIVE = '/still-alive';

export interface ServeOptions {
  readonly base?: BaseOptions;
  readonly options?: ServerOptions;
  readonly address?: Address;
  /** More than one application: mounts, routes. */
  readonly set?: (server: Server) => void;
}

/** Serves an application on a port of its own until the test is over. */
export async function serve(application: Application | null, options: ServeOptions = {}): Promise<Serving> {
  const log = new Log();
  const server = new Server([options.address ?? { host: '127.0.0.1', port: 0 }], options.options);
  server.base({ errors: log, ...options.base });
  if (application !== null) server.mount('/', application);
  server.mount(ALIVE, (_environ, startResponse) => {
    startResponse('200 OK', [['Content-Type', 'text/plain']]);
    return 'alive';
  });
  options.set?.(server);
  const address = (await server.listen())[0] as Address;
  onTestFinished(async () => {
    await server.stop({ graceMs: 0 });
  });
  const open = (): Promise<Client> => Client.open(address);
  return {
    server,
    address,
    log,
    connect: open,
    async ask(request, { head = false } = {}) {
      const client = await open();
      client.send(request);
      const answer = await client.answer({ head });
      client.socket.destroy();
      return answer;
    },
    async alive() {
      const client = await open();
      client.send(get(ALIVE));
      const answer = await client.answer();
      client.socket.destroy();
      if (answer.text !== 'alive') throw new Error(`the server answers ${answer.statusLine}`);
    },
  };
}

/** The octets of a request without content. */
export function get(
  target = '/',
  { method = 'GET', version = '1.1', headers = [] as string[] }: RequestParts = {},
): string {
  const lines = version === '1.1' ? ['Host: example.test', ...headers] : headers;
  return `${method} ${target} HTTP/${version}\r\n${lines.map(line => `${line}\r\n`).join('')}\r\n`;
}

export interface RequestParts {
  readonly method?: string;
  readonly version?: '1.0' | '1.1';
  readonly headers?: string[];
}

export function post(body: string | Uint8Array, headers: string[] = [], target = '/'): Buffer {
  const content = Buffer.from(body as string);
  return Buffer.concat([
    Buffer.from(get(target, { method: 'POST', headers: [...headers, `Content-Length: ${content.length}`] })),
    content,
  ]);
}

export type Framing = 'length' | 'chunked' | 'close' | 'none';

/** An answer as the octets say it. */
export class Answer {
  readonly statusLine: string;
  readonly headers: [string, string][];
  readonly framing: Framing;
  body: Buffer = Buffer.alloc(0);
  /** Sizes of the chunks, for framing in chunks. */
  chunks: number[] = [];
  /** False when the connection ended before the framing said so. */
  whole = false;
  /** Informational answers before this one. */
  informational: string[] = [];

  constructor(head: string, toHead: boolean) {
    const [statusLine, ...lines] = head.split('\r\n');
    this.statusLine = statusLine as string;
    this.headers = lines.map(line => {
      const colon = line.indexOf(': ');
      if (colon < 1) throw new Error(`not a field line: ${JSON.stringify(line)}`);
      return [line.slice(0, colon), line.slice(colon + 2)];
    });
    const code = this.code;
    const bodyless = toHead || code === 204 || code === 304 || code < 200;
    this.framing = bodyless
      ? 'none'
      : this.header('transfer-encoding') === 'chunked'
        ? 'chunked'
        : this.header('content-length') !== undefined
          ? 'length'
          : 'close';
  }

  get code(): number {
    return Number(this.statusLine.slice(9, 12));
  }

  get status(): string {
    return this.statusLine.slice(9);
  }

  get text(): string {
    return this.body.toString('utf8');
  }

  get json(): unknown {
    return JSON.parse(this.text);
  }

  header(name: string): string | undefined {
    const found = this.all(name);
    if (found.length > 1) throw new Error(`${name} came ${found.length} times`);
    return found[0];
  }

  all(name: string): string[] {
    return this.headers.filter(([known]) => known.toLowerCase() === name.toLowerCase()).map(([, v]) => v);
  }
}

/** One connection, seen octet by octet. */
export class Client {
  readonly socket: Socket;
  /** What arrived and was not made an answer yet. */
  received: Buffer = Buffer.alloc(0);
  /** How the connection ended: `end` for an orderly FIN, `reset` for a break; null while it is open. */
  ended: 'end' | 'reset' | null = null;
  #wake: (() => void)[] = [];

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (bytes: Buffer) => {
      this.received = Buffer.concat([this.received, bytes]);
      this.#notify();
    });
    socket.on('end', () => {
      this.ended ??= 'end';
      this.#notify();
    });
    socket.on('error', () => {
      this.ended ??= 'reset';
      this.#notify();
    });
    socket.on('close', () => {
      this.ended ??= 'end';
      this.#notify();
    });
  }

  static async open(address: Address): Promise<Client> {
    const socket =
      'path' in address
        ? connect({ path: address.path, allowHalfOpen: true })
        : connect({ ...(address as { host: string; port: number }), allowHalfOpen: true });
    const client = new Client(socket);
    onTestFinished(() => {
      socket.destroy();
    });
    await within(
      'a connection',
      new Promise<void>((resolve, reject) => {
        socket.once('connect', resolve);
        socket.once('error', reject);
      }),
    );
    return client;
  }

  send(octets: string | Uint8Array): void {
    this.socket.write(typeof octets === 'string' ? Buffer.from(octets, 'latin1') : octets);
  }

  /** Says that nothing more will come, and goes on reading. */
  shut(): void {
    this.socket.end();
  }

  /** Leaves with a reset. */
  leave(): void {
    this.socket.resetAndDestroy();
  }

  /** Resolves when `done` is true, looked at whenever something happens. */
  async until(what: string, done: () => boolean): Promise<void> {
    await within(
      `${what}; received ${JSON.stringify(this.received.toString('latin1').slice(0, 400))}, ended: ${this.ended}`,
      (async () => {
        while (!done()) await new Promise<void>(resolve => this.#wake.push(resolve));
      })(),
    );
  }

  /** Waits for the end of the connection. */
  async closed(): Promise<'end' | 'reset'> {
    await this.until('the end of the connection', () => this.ended !== null);
    return this.ended as 'end' | 'reset';
  }

  /** Takes octets that are exactly these. */
  async expect(octets: string): Promise<void> {
    const wanted = Buffer.from(octets, 'latin1');
    await this.until(`${JSON.stringify(octets)}`, () => this.received.length >= wanted.length);
    const got = this.received.subarray(0, wanted.length);
    if (!got.equals(wanted)) throw new Error(`received ${JSON.stringify(got.toString('latin1'))}`);
    this.received = this.received.subarray(wanted.length);
  }

  /** The next answer, as far as the connection lets it come. @param head whether it answers a HEAD request */
  async answer({ head = false } = {}): Promise<Answer> {
    const informational: string[] = [];
    for (;;) {
      await this.until(
        'the head of an answer',
        () => this.received.includes('\r\n\r\n') || this.ended !== null,
      );
      const end = this.received.indexOf('\r\n\r\n');
      if (end === -1) throw new Error(`no answer, the connection ended by ${this.ended}`);
      const text = this.received.toString('latin1', 0, end);
      this.received = this.received.subarray(end + 4);
      const answer = new Answer(text, head);
      if (answer.code < 200) {
        informational.push(answer.statusLine);
        continue;
      }
      answer.informational = informational;
      await this.#content(answer);
      return answer;
    }
  }

  async #content(answer: Answer): Promise<void> {
    switch (answer.framing) {
      case 'none':
        answer.whole = true;
        return;
      case 'length': {
        const length = Number(answer.header('content-length'));
        await this.until('the content', () => this.received.length >= length || this.ended !== null);
        answer.body = this.received.subarray(0, length);
        answer.whole = answer.body.length === length;
        this.received = this.received.subarray(answer.body.length);
        return;
      }
      case 'close':
        await this.closed();
        answer.body = this.received;
        answer.whole = this.ended === 'end';
        this.received = Buffer.alloc(0);
        return;
      case 'chunked':
        await this.#chunked(answer);
    }
  }

  async #chunked(answer: Answer): Promise<void> {
    const parts: Buffer[] = [];
    for (;;) {
      await this.until('the size of a chunk', () => this.received.includes('\r\n') || this.ended !== null);
      const lineEnd = this.received.indexOf('\r\n');
      if (lineEnd === -1) break;
      const line = this.received.toString('latin1', 0, lineEnd);
      if (!/^[0-9a-f]+$/.test(line)) throw new Error(`not the size of a chunk: ${JSON.stringify(line)}`);
      const size = Number.parseInt(line, 16);
      const whole = lineEnd + 2 + size + 2;
      await this.until('a chunk', () => this.received.length >= whole || this.ended !== null);
      if (this.received.length < whole) break;
      parts.push(this.received.subarray(lineEnd + 2, whole - 2));
      this.received = this.received.subarray(whole);
      if (size === 0) {
        answer.whole = true;
        break;
      }
      answer.chunks.push(size);
    }
    answer.body = Buffer.concat(parts);
  }

  #notify(): void {
    const wake = this.#wake;
    this.#wake = [];
    for (const task of wake) task();
  }
}

/** A promise with its ends, for tests that decide when something happens. */
export function deferred<T = void>(): {
  promise: Promise<T>;
  resolve: (value: T) => void;
  reject: (error: unknown) => void;
} {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

/** An object that promises in its own way. */
export function thenable(
  then: (resolve: (value: unknown) => void, reject: (error: unknown) => void) => void,
): unknown {
  return Object.defineProperty({}, 'then', { value: then });
}
