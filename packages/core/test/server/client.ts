// A client that sends what it is told, octet by octet, and takes answers apart by their framing. It shares nothing with the
// server's own parser.

import type { Address } from '../../src/loop/types.ts';
import { Peer } from '../loop/peer.ts';
import { BOUND } from '../loop/watched.ts';

export interface Answer {
  /** E.g. `HTTP/1.1 200 OK`. */
  readonly line: string;
  readonly code: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Buffer;
  /** The body as UTF-8. */
  readonly text: string;
  /** The value of a header, or several joined by `, `. */
  header(name: string): string | undefined;
}

export class Client {
  readonly peer: Peer;
  /** Status lines of interim answers. */
  readonly interim: string[] = [];
  /** Octets that belong to answers taken before. */
  #taken = 0;

  static async connect(address: Address): Promise<Client> {
    return new Client(await Peer.connect(address));
  }

  constructor(peer: Peer) {
    this.peer = peer;
  }

  /** Sends octets as they are; a string one octet per code point. */
  send(octets: string | Uint8Array): void {
    this.peer.send(octets);
  }

  /** Sends a request without content; Host is added. */
  request(method: string, target: string, headers: Readonly<Record<string, string>> = {}): void {
    const lines = Object.entries({ Host: 'localhost', ...headers }).map(
      ([name, value]) => `${name}: ${value}\r\n`,
    );
    this.send(`${method} ${target} HTTP/1.1\r\n${lines.join('')}\r\n`);
  }

  /** Requests and waits for the answer. */
  async get(target: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    this.request('GET', target, headers);
    return await this.answer();
  }

  async post(
    target: string,
    body: string | Buffer,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    const content = Buffer.from(body as string);
    this.request('POST', target, { 'Content-Length': String(content.length), ...headers });
    this.send(content);
    return await this.answer();
  }

  /** The next answer. @param method that of the request: an answer to HEAD has no content */
  async answer(method: string = 'GET', milliseconds: number = BOUND): Promise<Answer> {
    let taken: { answer: Answer; length: number } | null = null;
    let octets = -1;
    await this.peer.until(
      'an answer is complete',
      () => {
        const over = this.peer.ended || this.peer.closed;
        // Looked at again only when there is more to see.
        if (octets !== this.peer.octets || over) {
          octets = this.peer.octets;
          taken = this.#take(method, over);
        }
        if (taken === null && this.peer.closed) {
          throw new Error(`the connection was closed after ${JSON.stringify(this.rest.slice(0, 500))}`);
        }
        return taken !== null;
      },
      milliseconds,
    );
    const { answer, length } = taken as unknown as { answer: Answer; length: number };
    this.#taken += length;
    return answer;
  }

  /** What has arrived and belongs to no answer that was taken. */
  get rest(): string {
    return this.peer.bytes.toString('latin1', this.#taken);
  }

  #take(method: string, over: boolean): { answer: Answer; length: number } | null {
    for (;;) {
      const octets = this.peer.bytes.subarray(this.#taken);
      const end = octets.indexOf('\r\n\r\n');
      if (end === -1) return null;
      const [line, ...fields] = octets.toString('latin1', 0, end).split('\r\n') as [string, ...string[]];
      const code = Number(/^HTTP\/1\.1 (\d{3}) /.exec(line)?.[1]);
      if (Number.isNaN(code)) throw new Error(`not a status line: ${JSON.stringify(line)}`);
      if (code < 200) {
        this.interim.push(line);
        this.#taken += end + 4;
        continue;
      }
      const headers = fields.map((field): [string, string] => {
        const parts = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+): (.*)$/.exec(field);
        if (parts === null) throw new Error(`not a header line: ${JSON.stringify(field)}`);
        return [parts[1] as string, parts[2] as string];
      });
      const header = (name: string): string | undefined => {
        const values = headers.filter(([known]) => known.toLowerCase() === name.toLowerCase());
        return values.length === 0 ? undefined : values.map(([, value]) => value).join(', ');
      };
      const content = octets.subarray(end + 4);
      const framed =
        method === 'HEAD' || code === 204 || code === 304
          ? { body: Buffer.alloc(0), length: 0 }
          : contentOf(content, header, over);
      if (framed === null) return null;
      const { body } = framed;
      return {
        answer: { line, code, headers, body, text: body.toString('utf8'), header },
        length: end + 4 + framed.length,
      };
    }
  }
}

/** The content at the beginning of `octets`, and how many octets it takes there; null while it is not complete. */
function contentOf(
  octets: Buffer,
  header: (name: string) => string | undefined,
  over: boolean,
): { body: Buffer; length: number } | null {
  const announced = header('Content-Length');
  if (announced !== undefined) {
    if (header('Transfer-Encoding') !== undefined) throw new Error('framed twice');
    const length = Number(announced);
    return octets.length < length ? null : { body: octets.subarray(0, length), length };
  }
  if (header('Transfer-Encoding') === undefined) {
    return over ? { body: octets, length: octets.length } : null;
  }
  const chunks: Buffer[] = [];
  let at = 0;
  for (;;) {
    const lineEnd = octets.indexOf('\r\n', at);
    if (lineEnd === -1) return null;
    const size = Number.parseInt(octets.toString('latin1', at, lineEnd), 16);
    if (Number.isNaN(size)) throw new Error('not a chunk');
    const next = lineEnd + 2 + size + 2;
    if (octets.length < next) return null;
    if (octets.toString('latin1', next - 2, next) !== '\r\n') throw new Error('a chunk of another size');
    if (size === 0) return { body: Buffer.concat(chunks), length: next };
    chunks.push(octets.subarray(lineEnd + 2, next - 2));
    at = next;
  }
}
