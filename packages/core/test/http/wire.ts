// A server without sockets and without time: connections that consist of memory, a clock that a test moves, applications
// that a test writes. Every rule of src/http is tested through it.

import { Buffer } from 'node:buffer';
import type { Connection } from '../../src/http/connection.ts';
import type { RequestError } from '../../src/http/errors.ts';
import type { Exchange } from '../../src/http/exchange.ts';
import { defaultLimits, defaultTimeouts, type Limits, type Timeouts } from '../../src/http/limits.ts';
import type { Preface } from '../../src/http/preface.ts';
import { Protocol, WHEEL_TICK } from '../../src/http/protocol.ts';
import { Refusal } from '../../src/http/refusal.ts';
import { KnownLength } from '../../src/http/request-head.ts';
import type { Endpoint, Receiver, Transport } from '../../src/loop/types.ts';
import { sharedParser } from '../../src/parser/parser.ts';

export type Octets = string | Uint8Array;
export type App = (exchange: Exchange) => void;

/** 2026-01-01T00:00:00Z, where the fake clock begins. */
const START = Date.UTC(2026, 0, 1);

/** What an application saw of a request. */
export interface Seen {
  method: string;
  target: string;
  path: string;
  query: string;
  host: string;
  minorVersion: number;
  fields: [string, string][];
  /** Content as latin1, the code of the error that ended it, or null when the application did not read it. */
  content: string | null;
}

export interface ServerOptions {
  app?: App;
  limits?: Partial<Limits>;
  timeouts?: Partial<Timeouts>;
  ident?: string;
  preface?: Preface;
  /** From how many waiting octets on `write` answers false. @default 65536 */
  highWater?: number;
}

/** A preface of one line, `for <address>`. */
export const line: Preface = {
  expectedFrom: () => true,
  read(octets) {
    const text = Buffer.from(octets).toString('latin1');
    if (!'for '.startsWith(text.slice(0, 4))) throw new Error('not for anybody');
    const end = text.indexOf('\n');
    return end < 0 ? null : { length: end + 1, remote: { address: text.slice(4, end), port: 1 } };
  },
};

/** One write as it reached the transport. */
export interface Write {
  kind: 'text' | 'bytes';
  octets: Buffer;
  /** The turn in which it was written. */
  turn: number;
}

/** How a connection looks to its client. */
export type Ending = 'open' | 'half-closed' | 'closed' | 'reset';

export class Server {
  readonly protocol: Protocol;
  readonly seen: Seen[] = [];
  readonly exchanges: Exchange[] = [];
  readonly highWater: number;
  app: App;
  now = START;
  /** Counts turns: what happens in one turn leaves in one write. */
  turn = 0;
  /** Counts whatever happens, so that `quiet` can tell when nothing does. */
  activity = 0;
  readonly #tasks: (() => void)[] = [];
  readonly #dirty = new Set<Client>();
  #inTurn = false;
  #endScheduled = false;

  constructor(options: ServerOptions = {}) {
    this.app = options.app ?? hello;
    this.highWater = options.highWater ?? 65_536;
    this.protocol = new Protocol({
      parser: sharedParser(),
      limits: { ...defaultLimits, ...options.limits },
      timeouts: { ...defaultTimeouts, ...options.timeouts },
      answerer: {
        answer: exchange => {
          this.exchanges.push(exchange);
          const { head } = exchange;
          // As server.ts does it: who may have how much content is not for the protocol to know.
          if (head.framing === KnownLength && head.contentLength > exchange.contentLimit) {
            exchange.refuse(Refusal.contentTooLarge);
            return;
          }
          this.seen.push(sight(exchange));
          this.app(exchange);
        },
        refusalPage: refusal => ({
          headers: [['Content-Type', 'text/plain']],
          content: `${refusal.detail}\n`,
        }),
      },
      ident: options.ident ?? 'fapws',
      preface: options.preface,
      afterTurn: task => {
        this.activity += 1;
        this.#tasks.push(task);
        this.#scheduleEnd();
      },
      now: () => this.now,
    });
  }

  /** @param address the client's; empty as on a unix socket */
  connect(address: string = '192.0.2.1'): Client {
    return new Client(this, address);
  }

  /** Lets time pass, turning the wheel as often as a real server does. */
  advance(milliseconds: number): void {
    const end = this.now + milliseconds;
    while (this.now < end) {
      this.now = Math.min(end, (Math.floor(this.now / WHEEL_TICK) + 1) * WHEEL_TICK);
      this.inTurn(() => this.protocol.turn());
    }
  }

  /** One turn of the loop: what `work` causes is sent at its end. */
  inTurn(work: () => void): void {
    if (this.#inTurn) throw new Error('the loop tells of an event from within another');
    this.#inTurn = true;
    this.turn += 1;
    this.activity += 1;
    try {
      work();
      this.#endTurn();
    } finally {
      this.#inTurn = false;
    }
  }

  /** A client has something to take at the end of the turn. */
  flushLater(client: Client): void {
    this.activity += 1;
    this.#dirty.add(client);
    this.#scheduleEnd();
  }

  #scheduleEnd(): void {
    if (this.#inTurn || this.#endScheduled) return;
    this.#endScheduled = true;
    queueMicrotask(() => {
      this.#endScheduled = false;
      if (this.#tasks.length !== 0 || this.#dirty.size !== 0) this.inTurn(() => {});
    });
  }

  #endTurn(): void {
    while (this.#tasks.length !== 0 || this.#dirty.size !== 0) {
      const dirty = [...this.#dirty];
      this.#dirty.clear();
      for (const client of dirty) client.flush();
      this.#tasks.shift()?.();
    }
  }

  /** Waits until nothing happens any more. */
  async quiet(): Promise<void> {
    let before = -1;
    for (let round = 0; before !== this.activity; round += 1) {
      if (round === 10_000) throw new Error('this server never comes to rest');
      before = this.activity;
      for (let turn = 0; turn < 3; turn += 1) await new Promise(resolve => setImmediate(resolve));
    }
  }

  /** The only exchange so far. */
  get exchange(): Exchange {
    if (this.exchanges.length !== 1) throw new Error(`${this.exchanges.length} requests, not one`);
    return this.exchanges[0] as Exchange;
  }
}

/** A client and the server's end of its connection. */
export class Client implements Transport {
  readonly server: Server;
  readonly writes: Write[] = [];
  readonly remote: Endpoint;
  readonly local = { address: '192.0.2.2', port: 80 };
  readonly connection: Connection;
  ending: Ending = 'open';
  paused = false;
  /** Whether the kernel takes what is written, at the end of each turn. */
  takes = true;
  backlog = 0;
  /** How often reading was paused. */
  pauses = 0;
  /** Octets that were written in vain, after the connection was gone. */
  lost = 0;
  #unsent: (Buffer | 'FIN')[] = [];
  #mustDrain = false;
  #told = false;
  #finRead = false;
  #pumping = false;

  constructor(server: Server, address: string) {
    this.server = server;
    this.remote = { address, port: address === '' ? 0 : 50_000 };
    // Like every event of a loop, a new connection is a turn of its own.
    let receiver: Receiver | undefined;
    server.inTurn(() => {
      receiver = server.protocol.open(this);
    });
    this.connection = receiver as Connection;
  }

  // What the client does.

  /** Sends octets, one read of the server each; as long as the server has paused reading they wait. */
  send(...reads: Octets[]): this {
    const { input } = sharedParser();
    for (const read of reads) {
      const octets = typeof read === 'string' ? Buffer.from(read, 'latin1') : Buffer.from(read);
      for (let at = 0; at < octets.length; at += input.length) {
        this.#unsent.push(octets.subarray(at, at + input.length));
      }
    }
    this.#pump();
    return this;
  }

  /** Sends octets one by one. */
  trickle(octets: Octets): this {
    const all = typeof octets === 'string' ? Buffer.from(octets, 'latin1') : Buffer.from(octets);
    return this.send(...Array.from(all, (_, at) => all.subarray(at, at + 1)));
  }

  /** Says that nothing more will come (FIN). */
  finish(): this {
    this.#unsent.push('FIN');
    this.#pump();
    return this;
  }

  /** The connection breaks (RST). */
  break(): this {
    this.#unsent = [];
    this.#gone('reset', new Error('read ECONNRESET'));
    return this;
  }

  /** The kernel takes up to `octets` of what waits. */
  take(octets: number = Number.POSITIVE_INFINITY): void {
    this.server.inTurn(() => this.#take(octets));
  }

  /** Octets that were sent and not read. */
  get unread(): number {
    return this.#unsent.reduce((sum, read) => sum + read.length, 0);
  }

  /** All octets that the server sent, as latin1. */
  get received(): string {
    return this.octets.toString('latin1');
  }

  get octets(): Buffer {
    return Buffer.concat(this.writes.map(({ octets }) => octets));
  }

  /** Status codes of the answers, as far as they are framed correctly. */
  get statuses(): number[] {
    return answersIn(this.octets).map(answer => answer.code);
  }

  // Transport: what the server does.

  write(data: string | Uint8Array): boolean {
    this.server.activity += 1;
    if (this.ending === 'closed' || this.ending === 'reset') {
      this.lost += data.length;
      return true;
    }
    if (this.ending === 'half-closed') throw new Error('impossible: octets after the end of writing');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: every octet is allowed, and nothing above.
    if (typeof data === 'string' && !/^[\x00-\xff]*$/.test(data)) {
      throw new Error('impossible: a code point that is no octet');
    }
    const text = typeof data === 'string';
    const octets = text ? Buffer.from(data, 'latin1') : Buffer.from(data);
    this.writes.push({ kind: text ? 'text' : 'bytes', octets, turn: this.server.turn });
    this.backlog += octets.length;
    this.server.flushLater(this);
    if (this.backlog < this.server.highWater) return true;
    this.#mustDrain = true;
    return false;
  }

  writeWhole(head: string, content: string | Uint8Array): boolean {
    const writable = this.write(head);
    return content.length === 0 ? writable : this.write(content);
  }

  end(): void {
    this.server.activity += 1;
    if (this.ending !== 'open') return;
    this.ending = 'half-closed';
    this.server.flushLater(this);
  }

  pause(): void {
    this.server.activity += 1;
    this.pauses += 1;
    this.paused = true;
  }

  resume(): void {
    this.server.activity += 1;
    this.paused = false;
    queueMicrotask(() => this.#pump());
  }

  destroy(): void {
    this.#gone('closed', null);
  }

  reset(): void {
    this.#gone('reset', null);
  }

  // The machinery.

  flush(): void {
    if (this.takes) this.#take(Number.POSITIVE_INFINITY);
  }

  #take(octets: number): void {
    if (this.ending === 'closed' || this.ending === 'reset') return;
    this.backlog = Math.max(0, this.backlog - octets);
    if (this.backlog !== 0) return;
    if (this.#mustDrain) {
      this.#mustDrain = false;
      this.connection.drain();
    }
    this.#closeWhenBothEnded();
  }

  #closeWhenBothEnded(): void {
    if (this.ending === 'half-closed' && this.backlog === 0 && this.#finRead) this.#gone('closed', null);
  }

  #gone(ending: 'closed' | 'reset', error: Error | null): void {
    this.server.activity += 1;
    if (this.ending === 'closed' || this.ending === 'reset') return;
    this.ending = ending;
    this.backlog = 0;
    this.#unsent = [];
    // A loop tells later, never from within a call into it.
    queueMicrotask(() => {
      if (this.#told) return;
      this.#told = true;
      this.server.inTurn(() => this.connection.close(error));
    });
  }

  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      while (!this.paused && this.ending !== 'closed' && this.ending !== 'reset') {
        const read = this.#unsent.shift();
        if (read === undefined) return;
        this.server.inTurn(() => {
          if (read === 'FIN') {
            this.#finRead = true;
            this.connection.end();
            this.#closeWhenBothEnded();
          } else {
            read.copy(sharedParser().input);
            this.connection.data(read.length);
            // The input buffer is the next read's: nobody may have kept a view of it.
            sharedParser().input.fill(0x2a, 0, read.length);
          }
        });
      }
    } finally {
      this.#pumping = false;
    }
  }
}

function sight(exchange: Exchange): Seen {
  const { head } = exchange;
  return {
    method: head.method,
    target: head.target,
    path: head.path,
    query: head.query,
    host: head.host,
    minorVersion: head.minorVersion,
    fields: Array.from({ length: head.fieldCount }, (_, at): [string, string] => [
      head.fieldName(at),
      head.fieldValue(at),
    ]),
    content: null,
  };
}

// Applications.

/** Answers at once, without looking at the content. */
export const hello: App = exchange => respond(exchange, 'hello');

export function respond(
  exchange: Exchange,
  content: string | Uint8Array,
  status = '200 OK',
  headers: [string, string][] = [],
): void {
  exchange.setHead(status, headers);
  exchange.respond(content);
}

/** Calls `done` with all content, or with the error that ended it; reads from the first moment on. */
export function readContent(
  exchange: Exchange,
  done: (content: Buffer, error: RequestError | null) => void,
): void {
  const chunks: Uint8Array[] = [];
  const read = (): void => {
    try {
      for (;;) {
        const chunk = exchange.body.take(reader);
        if (chunk === null) return;
        if (chunk === undefined) break;
        chunks.push(chunk);
      }
    } catch (error) {
      done(Buffer.concat(chunks), error as RequestError);
      return;
    }
    done(Buffer.concat(chunks), null);
  };
  const reader = { contentArrived: read };
  read();
}

/** Reads the content, notes it in `server.seen`, and answers with method, target and length in a later microtask. */
function echo(server: () => Server): App {
  return exchange => {
    const seen = server().seen.at(-1) as Seen;
    readContent(exchange, (content, error) => {
      seen.content = error === null ? content.toString('latin1') : error.code;
      if (error !== null) giveUp(exchange, error);
      else queueMicrotask(() => respond(exchange, `${seen.method} ${seen.target} ${content.length}`));
    });
  };
}

/** What becomes of an application that does not catch the error of its content. */
export function giveUp(exchange: Exchange, error: RequestError): void {
  queueMicrotask(() => {
    if (!exchange.complete) respond(exchange, '', error.status);
  });
}

/** A server whose application is `echo`. */
export function echoServer(options: ServerOptions = {}): Server {
  const server: Server = new Server({ ...options, app: exchange => app(exchange) });
  const app = echo(() => server);
  return server;
}

// What came back.

export interface Answer {
  line: string;
  code: number;
  headers: [string, string][];
  content: string;
  chunked: boolean;
}

/**
 * Takes apart what a server sent, the strict way.
 * @param methods of the requests, in order, as the framing of answers to HEAD depends on them
 * @throws {Error} for anything that is not a row of complete answers
 */
export function answersIn(octets: Buffer, methods: string[] = []): Answer[] {
  const answers: Answer[] = [];
  let rest = octets.toString('latin1');
  while (rest !== '') {
    const end = rest.indexOf('\r\n\r\n');
    if (end === -1) throw new Error(`half a head: ${JSON.stringify(rest)}`);
    const [line = '', ...lines] = rest.slice(0, end).split('\r\n');
    rest = rest.slice(end + 4);
    const match = /^HTTP\/1\.1 (\d{3}) [^\r\n]*$/.exec(line);
    if (match === null) throw new Error(`not a status line: ${JSON.stringify(line)}`);
    const code = Number(match[1]);
    const headers = lines.map((text): [string, string] => {
      const field = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+): ([^\r\n]*)$/.exec(text);
      if (field === null) throw new Error(`not a field line: ${JSON.stringify(text)}`);
      return [field[1] as string, field[2] as string];
    });
    const answer: Answer = { line, code, headers, content: '', chunked: false };
    answers.push(answer);
    if (code < 200) continue;
    const method = methods[answers.filter(({ code }) => code >= 200).length - 1] ?? 'GET';
    const length = header(answer, 'Content-Length');
    const coding = header(answer, 'Transfer-Encoding');
    if (length !== undefined && coding !== undefined) throw new Error('both framings');
    if (method === 'HEAD' || code === 204 || code === 304) continue;
    if (coding !== undefined) {
      if (coding !== 'chunked') throw new Error(`unknown coding ${coding}`);
      answer.chunked = true;
      for (;;) {
        const chunk = /^([0-9a-f]+)\r\n/.exec(rest);
        if (chunk === null) throw new Error(`no chunk: ${JSON.stringify(rest.slice(0, 40))}`);
        const size = Number.parseInt(chunk[1] as string, 16);
        const start = chunk[0].length;
        if (rest.slice(start + size, start + size + 2) !== '\r\n') throw new Error('half a chunk');
        answer.content += rest.slice(start, start + size);
        rest = rest.slice(start + size + 2);
        if (size === 0) break;
      }
    } else if (length !== undefined) {
      if (rest.length < Number(length)) throw new Error('half the content');
      answer.content = rest.slice(0, Number(length));
      rest = rest.slice(Number(length));
    } else {
      // RFC 9112 6.3: all that follows until the end of the connection.
      answer.content = rest;
      rest = '';
    }
  }
  return answers;
}

export function header(answer: Answer, name: string): string | undefined {
  const values = answer.headers
    .filter(([known]) => known.toLowerCase() === name.toLowerCase())
    .map(([, value]) => value);
  if (values.length > 1) throw new Error(`${name} is given ${values.length} times`);
  return values[0];
}

/** The parts between random or chosen places of a text. */
export function cut(octets: Octets, ...places: number[]): Buffer[] {
  const all = typeof octets === 'string' ? Buffer.from(octets, 'latin1') : Buffer.from(octets);
  const sorted = [0, ...places.toSorted((a, b) => a - b), all.length];
  return sorted
    .slice(1)
    .map((place, at) => all.subarray(sorted[at], place))
    .filter(part => part.length !== 0);
}

/** What is compared when the same octets are delivered in another way. */
export function outcome(server: Server, client: Client): object {
  return {
    seen: server.seen,
    received: client.received,
    ending: client.ending,
    state: client.connection.state,
    open: server.protocol.connections.size,
  };
}
