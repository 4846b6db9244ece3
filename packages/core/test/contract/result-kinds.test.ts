// Every kind of result over every kind of connection: status, framing, content, what is closed and how often, what is logged.

import { createReadStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, describe, expect, test } from 'vitest';
import type { Application, Headers, Result, StartResponse } from '../../src/index.ts';
import { ALIVE, type Answer, get, serve, thenable } from './support.ts';

const folder = mkdtempSync(join(tmpdir(), 'fapws-contract-'));
afterAll(() => rmSync(folder, { recursive: true }));
const filePath = join(folder, 'file.txt');
const fileContent = 'a file of some octets';
writeFileSync(filePath, fileContent);

/** Counts what happened to a result. */
class Closings {
  close = 0;
  finallyRun = 0;

  closed(): void {
    this.close += 1;
  }
}

interface Kind {
  readonly name: string;
  readonly make: (closings: Closings, start: StartResponse) => Result | Promise<Result>;
  /** Whether the kind calls startResponse by itself. */
  readonly lazy?: boolean;
  readonly headers?: Headers;
  /** What the client gets: whole content of known length, a stream, a page for a failure, or a cut. */
  readonly outcome: 'known' | 'stream' | 'failure' | 'cut';
  readonly body?: string;
  /** How the content is cut into pieces. */
  readonly pieces?: number[];
  readonly close?: number;
  readonly finallyRun?: number;
  /** One line of the log; none if left out. */
  readonly log?: RegExp;
  /** What HEAD gives where it differs, because nobody looks at the rest. */
  readonly toHead?: Partial<Pick<Kind, 'outcome' | 'log'>>;
}

const ok: Headers = [['Content-Type', 'text/plain; charset=utf-8']];

class Counted {
  readonly closings: Closings;
  readonly pieces: unknown[];
  constructor(closings: Closings, pieces: unknown[]) {
    this.closings = closings;
    this.pieces = pieces;
  }
  *[Symbol.iterator](): Generator<string> {
    try {
      yield* this.pieces as string[];
    } finally {
      this.closings.finallyRun += 1;
    }
  }
  close(): void {
    this.closings.close += 1;
  }
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function* sync(closings: Closings, ...pieces: unknown[]): Generator<string> {
  try {
    for (const piece of pieces) {
      if (piece instanceof Error) throw piece;
      yield piece as string;
    }
  } finally {
    closings.finallyRun += 1;
  }
}

async function* asynchronous(closings: Closings, ...pieces: unknown[]): AsyncGenerator<string> {
  try {
    for (const piece of pieces) {
      await null;
      if (piece instanceof Error) throw piece;
      yield piece as string;
    }
  } finally {
    closings.finallyRun += 1;
  }
}

const withClose = <T extends object>(closings: Closings, value: T): T =>
  Object.assign(value, {
    close() {
      closings.close += 1;
    },
  });

const failure = (): Error => new Error('on purpose');
const declared = (length: number): Headers => [...ok, ['Content-Length', String(length)]];

const synchronous: Kind[] = [
  { name: 'string', make: () => 'héllo', outcome: 'known', body: 'héllo' },
  { name: 'empty string', make: () => '', outcome: 'known', body: '' },
  { name: 'Uint8Array', make: () => bytes('héllo'), outcome: 'known', body: 'héllo' },
  {
    name: 'long Uint8Array',
    make: () => Buffer.alloc(300_000, 'x'),
    outcome: 'known',
    body: 'x'.repeat(300_000),
  },
  { name: 'array of one string', make: () => ['héllo'], outcome: 'known', body: 'héllo' },
  { name: 'array of one Uint8Array', make: () => [bytes('one')], outcome: 'known', body: 'one' },
  {
    name: 'array of strings',
    make: () => ['Hello ', 'wörld', '!!'],
    outcome: 'known',
    body: 'Hello wörld!!',
  },
  {
    name: 'array of strings and bytes',
    make: () => ['a', bytes('b'), 'ü', bytes(''), '', bytes('d')],
    outcome: 'known',
    body: 'abüd',
  },
  {
    name: 'frozen tuple',
    make: () => Object.freeze(['Hello ', 'tuple'] as const) as readonly [string, string],
    outcome: 'known',
    body: 'Hello tuple',
  },
  { name: 'array with close()', make: c => withClose(c, ['a', 'b']), outcome: 'known', body: 'ab', close: 1 },
  {
    name: 'array of one with close()',
    make: c => withClose(c, ['a']),
    outcome: 'known',
    body: 'a',
    close: 1,
  },
  { name: 'array with null pieces', make: () => ['a', null, undefined, 'b'], outcome: 'known', body: 'ab' },
  { name: 'array of one null', make: () => [null], outcome: 'known', body: '' },
  { name: 'empty array', make: () => [], outcome: 'known', body: '' },
  { name: 'null', make: () => null, outcome: 'known', body: '' },
  { name: 'undefined', make: () => undefined, outcome: 'known', body: '' },
  { name: 'Set of strings', make: () => new Set(['a', 'b']), outcome: 'stream', body: 'ab' },
  { name: 'generator of one', make: c => sync(c, 'one'), outcome: 'known', body: 'one', finallyRun: 1 },
  {
    name: 'generator of several',
    make: c => sync(c, 'Hello ', 'wörld', bytes('!!')),
    outcome: 'stream',
    body: 'Hello wörld!!',
    pieces: [6, 6, 2],
    finallyRun: 1,
  },
  { name: 'empty generator', make: c => sync(c), outcome: 'known', body: '', finallyRun: 1 },
  {
    name: 'generator of empty pieces',
    make: c => sync(c, '', bytes('')),
    outcome: 'known',
    body: '',
    finallyRun: 1,
  },
  {
    name: 'generator with null pieces (T32 of Fapws3)',
    make: c => sync(c, 'start', null, undefined, 'tt'),
    outcome: 'stream',
    body: 'starttt',
    pieces: [5, 2],
    finallyRun: 1,
  },
  {
    name: 'lazy generator',
    make: (c, start) =>
      (function* () {
        try {
          start('200 OK', ok);
          yield 'lazy ';
          yield 'one';
        } finally {
          c.finallyRun += 1;
        }
      })(),
    lazy: true,
    outcome: 'stream',
    body: 'lazy one',
    finallyRun: 1,
  },
  {
    name: 'lazy generator behind empty pieces',
    make: (c, start) =>
      (function* () {
        try {
          yield '';
          start('200 OK', ok);
          yield 'late';
        } finally {
          c.finallyRun += 1;
        }
      })(),
    lazy: true,
    outcome: 'known',
    body: 'late',
    finallyRun: 1,
  },
  {
    name: 'iterable with close()',
    make: c => new Counted(c, ['a', 'b']) as Iterable<string>,
    outcome: 'stream',
    body: 'ab',
    close: 1,
    finallyRun: 1,
  },
  {
    name: 'generator with Content-Length',
    make: c => sync(c, 'ab', 'cd'),
    headers: declared(4),
    outcome: 'known',
    body: 'abcd',
    finallyRun: 1,
  },
  {
    name: 'array with too many octets for its Content-Length',
    make: c => withClose(c, ['abc', 'def']),
    headers: declared(4),
    outcome: 'known',
    body: 'abcd',
    close: 1,
    log: /FAPWS_CONTENT_LENGTH|longer than its Content-Length/,
    toHead: { log: /^$/ },
  },
  {
    name: 'array with too few octets for its Content-Length',
    make: c => withClose(c, ['abc', 'def']),
    headers: declared(7),
    outcome: 'failure',
    close: 1,
    log: /Content-Length says 7/,
    toHead: { outcome: 'known', log: /^$/ },
  },
  {
    name: 'generator with too many octets for its Content-Length',
    make: c => sync(c, 'abc', 'def', 'ghi'),
    headers: declared(4),
    outcome: 'known',
    body: 'abcd',
    finallyRun: 1,
    log: /longer than its Content-Length/,
    toHead: { log: /^$/ },
  },
  {
    name: 'generator with too few octets for its Content-Length',
    make: c => sync(c, 'abc', 'def'),
    headers: declared(7),
    outcome: 'cut',
    finallyRun: 1,
    log: /Content-Length says 7/,
    toHead: { outcome: 'known', log: /^$/ },
  },
  {
    name: 'callback that throws',
    make: () => {
      throw failure();
    },
    outcome: 'failure',
    log: /on purpose/,
  },
  {
    name: 'generator that throws before the first piece',
    make: c => sync(c, '', failure()),
    outcome: 'failure',
    finallyRun: 1,
    log: /on purpose/,
  },
  {
    name: 'generator that throws after the head is out',
    make: c => sync(c, 'abc', 'def', failure()),
    outcome: 'cut',
    body: 'abcdef',
    finallyRun: 1,
    log: /on purpose/,
    toHead: { outcome: 'stream', log: /^$/ },
  },
  { name: 'number', make: () => 5 as never, outcome: 'failure', log: /returned a number/ },
  { name: 'boolean', make: () => true as never, outcome: 'failure', log: /returned a boolean/ },
  { name: 'function', make: () => (() => 'x') as never, outcome: 'failure', log: /returned a function/ },
  {
    name: 'object that is not iterable',
    make: c => withClose(c, {}) as never,
    outcome: 'failure',
    close: 1,
    log: /not iterable/,
  },
  {
    name: 'array with a number',
    make: c => withClose(c, ['a', 5 as never]),
    outcome: 'failure',
    close: 1,
    log: /strings and Uint8Arrays, not of number/,
  },
  {
    name: 'array of one number',
    make: c => withClose(c, [5 as never]),
    outcome: 'failure',
    close: 1,
    log: /strings and Uint8Arrays, not of number/,
  },
  {
    name: 'generator with an empty array as a piece',
    make: c => sync(c, []),
    outcome: 'failure',
    finallyRun: 1,
    log: /strings and Uint8Arrays, not of object/,
  },
  {
    name: 'generator with a number after the head is out',
    make: c => sync(c, 'a', 'b', 5),
    outcome: 'cut',
    body: 'ab',
    finallyRun: 1,
    log: /strings and Uint8Arrays, not of number/,
    toHead: { outcome: 'stream', log: /^$/ },
  },
  {
    name: 'no startResponse',
    make: () => 'content',
    lazy: true,
    outcome: 'failure',
    log: /before startResponse/,
  },
];

const asynchronousKinds: Kind[] = [
  {
    name: 'async generator',
    make: c => asynchronous(c, 'Hello ', 'wörld', bytes('!!')),
    outcome: 'stream',
    body: 'Hello wörld!!',
    pieces: [6, 6, 2],
    finallyRun: 1,
  },
  { name: 'empty async generator', make: c => asynchronous(c), outcome: 'known', body: '', finallyRun: 1 },
  {
    name: 'async generator with null pieces',
    make: c => asynchronous(c, null, 'start', undefined, '', 'tt'),
    outcome: 'stream',
    body: 'starttt',
    finallyRun: 1,
  },
  {
    name: 'lazy async generator',
    make: (c, start) =>
      (async function* () {
        try {
          await null;
          start('200 OK', ok);
          yield 'lazy';
        } finally {
          c.finallyRun += 1;
        }
      })(),
    lazy: true,
    outcome: 'stream',
    body: 'lazy',
    finallyRun: 1,
  },
  {
    name: 'async generator with close()',
    make: c => withClose(c, asynchronous(c, 'a', 'b')),
    outcome: 'stream',
    body: 'ab',
    close: 1,
    finallyRun: 1,
  },
  {
    name: 'async generator that throws before the first piece',
    make: c => asynchronous(c, '', failure()),
    outcome: 'failure',
    finallyRun: 1,
    log: /on purpose/,
  },
  {
    name: 'async generator that throws after the head is out',
    make: c => asynchronous(c, 'abc', failure()),
    outcome: 'cut',
    body: 'abc',
    finallyRun: 1,
    log: /on purpose/,
    toHead: { outcome: 'stream', log: /^$/ },
  },
  {
    name: 'async generator with too many octets for its Content-Length',
    make: c => asynchronous(c, 'abc', 'def', 'ghi'),
    headers: declared(4),
    outcome: 'known',
    body: 'abcd',
    finallyRun: 1,
    log: /longer than its Content-Length/,
    toHead: { log: /^$/ },
  },
  {
    name: 'async generator with too few octets for its Content-Length',
    make: c => asynchronous(c, 'abc'),
    headers: declared(4),
    outcome: 'cut',
    finallyRun: 1,
    log: /Content-Length says 4/,
    toHead: { outcome: 'known', log: /^$/ },
  },
  { name: 'Readable', make: () => Readable.from(['a', 'b']), outcome: 'stream', body: 'ab' },
  {
    name: 'web ReadableStream',
    make: () => new Blob(['a stream']).stream() as AsyncIterable<Uint8Array>,
    outcome: 'stream',
    body: 'a stream',
  },
  {
    name: 'promise that is rejected',
    make: () => Promise.reject(failure()),
    outcome: 'failure',
    log: /on purpose/,
  },
  {
    name: 'thenable that is no Promise',
    make: () => thenable(resolve => resolve('thenable')) as never,
    outcome: 'known',
    body: 'thenable',
  },
];

let handle: FileHandle | undefined;
const files: Kind[] = [
  {
    name: 'file wrapper of a FileHandle',
    make: async () => {
      handle = await open(filePath);
      return fileWrapper(handle, 4);
    },
    outcome: 'stream',
    body: fileContent,
  },
  {
    name: 'file wrapper of a FileHandle that was read from',
    make: async () => {
      handle = await open(filePath);
      await handle.read({ buffer: Buffer.alloc(2) });
      return fileWrapper(handle);
    },
    outcome: 'stream',
    body: fileContent.slice(2),
  },
  {
    name: 'file wrapper with a Content-Length shorter than the file',
    make: async () => fileWrapper(await open(filePath), 4),
    headers: declared(6),
    outcome: 'known',
    body: fileContent.slice(0, 6),
  },
  {
    name: 'file wrapper with a Content-Length longer than the file',
    make: async () => fileWrapper(await open(filePath)),
    headers: declared(1000),
    outcome: 'cut',
    log: /Content-Length says 1000/,
    toHead: { outcome: 'known', log: /^$/ },
  },
  {
    name: 'file wrapper of a ReadStream',
    make: () => fileWrapper(createReadStream(filePath)),
    outcome: 'stream',
    body: fileContent,
  },
  {
    name: 'file wrapper of an iterable of Buffers',
    make: c => fileWrapper(new Counted(c, [Buffer.from('a'), Buffer.from('b')])),
    outcome: 'stream',
    body: 'ab',
    close: 1,
    finallyRun: 1,
  },
  {
    name: 'file wrapper of { read() }',
    make: c => {
      const blocks = ['ab', 'cd', ''];
      return fileWrapper({ read: () => blocks.shift() as string, close: () => c.closed() });
    },
    outcome: 'stream',
    body: 'abcd',
    close: 1,
  },
  {
    name: 'file wrapper of { async read() }',
    make: c => {
      const blocks = ['ab', 'cd', ''];
      return fileWrapper({
        read: async () => blocks.shift() as string,
        close: async () => c.closed(),
      });
    },
    outcome: 'stream',
    body: 'abcd',
    close: 1,
  },
  { name: 'file wrapper of nothing', make: () => fileWrapper(undefined), outcome: 'failure', log: /file/ },
];

let fileWrapper: (file: unknown, blockSize?: number) => Exclude<Result, string | Uint8Array> = () => null;

/** Every synchronous kind also as what a promise resolves with. */
const kinds: Kind[] = [
  ...synchronous,
  ...asynchronousKinds,
  ...files,
  ...[...synchronous, ...asynchronousKinds]
    .filter(kind => !/^(callback that throws|promise|thenable)/.test(kind.name))
    .map(kind => ({
      ...kind,
      name: `promise of ${kind.name}`,
      make: async (closings: Closings, start: StartResponse) => {
        await new Promise(resolve => setImmediate(resolve));
        return kind.make(closings, start);
      },
    })),
];

interface Protocol {
  readonly name: string;
  readonly version: '1.0' | '1.1';
  readonly method: 'GET' | 'HEAD';
  readonly headers: string[];
  readonly keepAlive: boolean;
}

const protocols: Protocol[] = [
  { name: 'HTTP/1.1 keep-alive', version: '1.1', method: 'GET', headers: [], keepAlive: true },
  { name: 'HTTP/1.1 close', version: '1.1', method: 'GET', headers: ['Connection: close'], keepAlive: false },
  { name: 'HTTP/1.0', version: '1.0', method: 'GET', headers: [], keepAlive: false },
  {
    name: 'HTTP/1.0 keep-alive',
    version: '1.0',
    method: 'GET',
    headers: ['Connection: keep-alive'],
    keepAlive: true,
  },
  { name: 'HEAD', version: '1.1', method: 'HEAD', headers: [], keepAlive: true },
];

function expectKnown(answer: Answer, length: number | undefined): void {
  expect(answer.header('transfer-encoding')).toBeUndefined();
  if (length !== undefined) expect(answer.header('content-length')).toBe(String(length));
}

describe.each(protocols)('$name', protocol => {
  test.each(kinds)('$name', async kind => {
    const closings = new Closings();
    handle = undefined;
    const application: Application = (environ, startResponse) => {
      fileWrapper = environ['wsgi.file_wrapper'];
      if (kind.lazy !== true) startResponse('200 OK', kind.headers ?? ok);
      return kind.make(closings, startResponse);
    };
    const serving = await serve(application);
    const client = await serving.connect();
    client.send(get('/kind', protocol));

    const toHead = protocol.method === 'HEAD';
    const { outcome, log } = toHead ? { ...kind, ...kind.toHead } : kind;
    let answer: Answer | undefined;
    try {
      answer = await client.answer({ head: toHead });
    } catch (error) {
      // Nothing of a cut answer needs to have arrived.
      if (outcome !== 'cut') throw error;
    }

    let mayGoOn = protocol.keepAlive;
    if (outcome === 'cut') {
      mayGoOn = false;
      expect(answer?.whole ?? false).toBe(false);
      await client.closed();
    } else if (answer !== undefined) {
      expect(answer.status).toBe(outcome === 'failure' ? '500 Internal Server Error' : '200 OK');
      expect(answer.whole).toBe(true);
      if (outcome === 'failure') {
        expectKnown(answer, undefined);
        if (!toHead) expect(answer.text).not.toContain('on purpose');
      } else if (outcome === 'known') {
        const declaredLength = kind.headers?.find(([name]) => name === 'Content-Length')?.[1];
        expectKnown(answer, Number(declaredLength ?? Buffer.byteLength(kind.body ?? '')));
        if (!toHead) expect(answer.text).toBe(kind.body);
      } else {
        expect(answer.header('content-length')).toBeUndefined();
        expect(answer.header('transfer-encoding')).toBe(protocol.version === '1.1' ? 'chunked' : undefined);
        if (!toHead) expect(answer.text).toBe(kind.body);
        if (!toHead && kind.pieces !== undefined && protocol.version === '1.1') {
          expect(answer.chunks).toEqual(kind.pieces);
        }
        if (protocol.version === '1.0') mayGoOn = false;
      }
      expect(answer.body.length === 0 || !toHead).toBe(true);
    }

    if (mayGoOn) {
      // What follows on the connection is the next answer, so the framing was right to the octet.
      expect(answer?.header('connection')).toBe(protocol.version === '1.0' ? 'keep-alive' : undefined);
      client.send(get(ALIVE));
      expect((await client.answer()).text).toBe('alive');
    } else if (outcome !== 'cut') {
      expect(answer?.header('connection')).toBe('close');
      expect(await client.closed()).toBe('end');
      expect(client.received).toHaveLength(0);
    }

    await serving.alive();
    if (log === undefined || log.source === '^$') expect(serving.log.text).toBe('');
    else {
      await serving.log.has(log);
      expect(serving.log.lines).toHaveLength(1);
      expect(serving.log.lines[0]).toContain(`${protocol.method} /kind`);
    }
    if (kind.close !== undefined) expect(closings.close, 'close()').toBe(kind.close);
    if (kind.finallyRun !== undefined) expect(closings.finallyRun, 'finally').toBe(kind.finallyRun);
    if (handle !== undefined) expect((handle as FileHandle).fd, 'the file is closed').toBe(-1);
  });
});
