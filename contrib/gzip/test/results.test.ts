// Every kind of result of the contract, for GET and HEAD, in every coding: what is decoded is what would have been sent
// without the middleware, and every result is closed once.

import { open as openFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { Application, Environ, Middleware, Result, StartResponse } from '@fapws/core';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { gzip } from '../src/index.ts';
import { ask, hasZstd, open, serving } from './client.ts';

// Processes of others may keep the machine busy.
vi.setConfig({ testTimeout: 30_000 });

type Pairs = [string, string][];

const codings = ['gzip', 'deflate', 'br', ...(hasZstd ? ['zstd'] : [])];
const html: Pairs = [['Content-Type', 'text/html; charset=utf-8']];
const sized = (length: number): Pairs => [...html, ['Content-Length', String(length)]];
const line = 'Grüße von Fapws, dem einfachsten und schnellsten. ';
const text = line.repeat(200);
const bytes = Buffer.from(text);
const large = Buffer.from(line.repeat(2000));
/** More than is compressed in one go. */
const huge = Buffer.from(line.repeat(30_000));
const file = join(tmpdir(), `fapws-gzip-${process.pid}`);

const opaque: Middleware = application => (environ, startResponse) =>
  application(environ, (status, headers, excInfo) => startResponse(status, headers, excInfo));

function* parts(content: Buffer, size: number): Generator<Buffer, void, void> {
  for (let at = 0; at < content.length; at += size) yield content.subarray(at, at + size);
}

async function* later(content: Buffer, size: number): AsyncGenerator<Buffer, void, void> {
  for (const part of parts(content, size)) {
    await new Promise(resolve => setImmediate(resolve));
    yield part;
  }
}

type Kind = (environ: Environ, startResponse: StartResponse) => Result | Promise<Result>;

const begun =
  (make: (environ: Environ) => Result | Promise<Result>, headers: Pairs = html): Kind =>
  (environ, startResponse) => {
    startResponse('200 OK', headers);
    return make(environ);
  };

const kinds: Record<string, [kind: Kind, expected: Buffer]> = {
  'a string': [begun(() => text), bytes],
  'a short string': [begun(() => 'short'), Buffer.from('short')],
  'an empty string': [begun(() => ''), Buffer.alloc(0)],
  bytes: [begun(() => new Uint8Array(bytes)), bytes],
  'bytes beside the loop': [begun(() => large), large],
  'bytes that are streamed': [begun(() => huge), huge],
  'a string that is streamed': [begun(() => huge.toString()), huge],
  'bytes with Content-Length': [begun(() => bytes, sized(bytes.length)), bytes],
  nothing: [begun(() => undefined), Buffer.alloc(0)],
  null: [begun(() => null), Buffer.alloc(0)],
  'an array of one': [begun(() => [text]), bytes],
  'an array of many': [
    begun(() => [text, null, bytes, undefined, '', text]),
    Buffer.concat([bytes, bytes, bytes]),
  ],
  'an empty array': [begun(() => []), Buffer.alloc(0)],
  'a large array': [begun(() => [...parts(huge, 1000)]), huge],
  'a generator': [begun(() => parts(bytes, 100)), bytes],
  'a generator of one piece': [begun(() => parts(bytes, 1e9)), bytes],
  'a generator of very small pieces': [begun(() => parts(bytes, 1)), bytes],
  'a large generator': [begun(() => parts(huge, 10_000)), huge],
  'a generator with Content-Length': [begun(() => parts(huge, 10_000), sized(huge.length)), huge],
  'a generator of nothing': [begun(() => parts(Buffer.alloc(0), 1)), Buffer.alloc(0)],
  'a Set': [begun(() => new Set([text, 'x'])), Buffer.from(`${text}x`)],
  'a generator that begins its answer': [
    (_, startResponse) =>
      (function* () {
        startResponse('200 OK', html);
        yield* parts(large, 1000);
      })(),
    large,
  ],
  'an async generator': [begun(() => later(bytes, 1000)), bytes],
  'an async generator of large pieces': [begun(() => later(huge, 500_000)), huge],
  'an async generator with Content-Length': [begun(() => later(bytes, 1000), sized(bytes.length)), bytes],
  'an async generator of nothing': [begun(() => later(Buffer.alloc(0), 1)), Buffer.alloc(0)],
  'an async generator that begins its answer': [
    (_, startResponse) =>
      (async function* () {
        await null;
        startResponse('200 OK', html);
        yield* later(bytes, 1000);
      })(),
    bytes,
  ],
  'a readable stream': [begun(() => Readable.from(parts(huge, 10_000))), huge],
  'a file': [begun(async environ => environ['wsgi.file_wrapper'](await openFile(file))), huge],
  'a file with Content-Length': [
    begun(async environ => environ['wsgi.file_wrapper'](await openFile(file)), sized(huge.length)),
    huge,
  ],
  'the beginning of a file': [
    begun(async environ => environ['wsgi.file_wrapper'](await openFile(file)), sized(100_001)),
    huge.subarray(0, 100_001),
  ],
  'a promise of a string': [begun(() => Promise.resolve(text)), bytes],
  'a promise of bytes beside the loop': [begun(async () => large), large],
  'a promise of a generator': [begun(async () => parts(huge, 10_000)), huge],
  'a thenable': [
    begun(
      // biome-ignore lint/suspicious/noThenProperty: a thenable is what is wanted.
      () => ({ then: (resolve: (result: Result) => void) => resolve(text) }) as unknown as Promise<Result>,
    ),
    bytes,
  ],
  'what is written': [
    async (_, startResponse) => {
      const write = startResponse('200 OK', html);
      for (const part of parts(huge, 100_000)) await write(part);
    },
    huge,
  ],
  'what is written without waiting': [
    (_, startResponse) => {
      const write = startResponse('200 OK', html);
      for (const part of parts(bytes, 1000)) void write(part);
    },
    bytes,
  ],
  'what is written and then returned': [
    (_, startResponse) => {
      const write = startResponse('200 OK', html);
      void write('');
      void write(text);
      void write(bytes);
      return [text, text];
    },
    Buffer.concat([bytes, bytes, bytes, bytes]),
  ],
  'what is written with Content-Length': [
    (_, startResponse) => {
      const write = startResponse('200 OK', sized(2 * bytes.length));
      void write(text);
      return text;
    },
    Buffer.concat([bytes, bytes]),
  ],
  'what a generator writes and yields': [
    (_, startResponse) =>
      (function* () {
        const write = startResponse('200 OK', html);
        yield 'one ';
        void write('two ');
        yield 'three ';
        yield text;
        void write('four ');
        yield '';
        void write('five');
      })(),
    Buffer.from(`one two three ${text}four five`),
  ],
  'what an async generator writes and yields': [
    (_, startResponse) =>
      (async function* () {
        const write = startResponse('200 OK', html);
        for (let at = 0; at < 50; at += 1) {
          await write(`write ${at}, `);
          yield `yield ${at}, ${line}`;
          void write('and ');
        }
      })(),
    Buffer.from(Array.from({ length: 50 }, (_, at) => `write ${at}, yield ${at}, ${line}and `).join('')),
  ],
};

beforeAll(async () => {
  await writeFile(file, huge);
  return async () => (await import('node:fs/promises')).rm(file);
});

describe.each<[string, (middleware: Middleware) => Middleware]>([
  ['with startResponse.response', middleware => middleware],
  ['without it', middleware => application => opaque(middleware(application))],
])('%s', (_title, placed) => {
  test.each(Object.entries(kinds))('%s', async (_name, [kind, expected]) => {
    const middleware = placed(gzip());
    const counting: Application = async (environ, startResponse) => kind(environ, startResponse);
    const applications: Application[] = [kind as Application, counting];
    for (const application of applications) {
      await serving(middleware, application, async (server, reported) => {
        for (const coding of ['identity', ...codings]) {
          const headers = { 'Accept-Encoding': coding };
          const got = await ask(server, { headers });
          expect(got.status).toBe(200);
          expect(got.content.equals(expected), `${coding}: ${got.content.length} of ${expected.length}`).toBe(
            true,
          );
          if (expected.length >= 1024) {
            expect(got.headers['content-encoding']).toBe(coding === 'identity' ? undefined : coding);
          }
          const head = await ask(server, { method: 'HEAD', headers });
          expect(head.lines, `HEAD ${coding}`).toEqual(got.lines);
          expect(head.body.length).toBe(0);
        }
        expect(reported).toEqual([]);
      });
    }
  });
});

test('HEAD may be answered without the content, by its length', async () => {
  const application: Application = (environ, startResponse) => {
    startResponse('200 OK', sized(large.length));
    return environ.REQUEST_METHOD === 'HEAD' ? '' : later(large, 5000);
  };
  await serving(gzip(), application, async server => {
    const headers = { 'Accept-Encoding': 'gzip' };
    const got = await ask(server, { headers });
    expect(got.content.equals(large)).toBe(true);
    expect((await ask(server, { method: 'HEAD', headers })).lines).toEqual(got.lines);
    const plain = await ask(server, { method: 'HEAD' });
    expect(plain.headers['content-length']).toBe(String(large.length));
  });
});

describe('HTTP/1.0', () => {
  test('gets coded streams up to the end of the connection', async () => {
    const { connect } = await import('node:net');
    await serving(gzip(), begun(() => later(bytes, 1000)) as Application, async server => {
      const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
      socket.write('GET / HTTP/1.0\r\nAccept-Encoding: gzip\r\n\r\n');
      const received: Buffer[] = [];
      for await (const octets of socket) received.push(octets as Buffer);
      const all = Buffer.concat(received);
      const end = all.indexOf('\r\n\r\n');
      expect(all.toString('latin1', 0, end)).not.toContain('Transfer-Encoding');
      const { gunzipSync } = await import('node:zlib');
      expect(gunzipSync(all.subarray(end + 4)).equals(bytes)).toBe(true);
    });
  });
});

describe('a result is closed once', () => {
  /** A result that notes what is done to it. */
  const noting = (log: string[], pieces: readonly unknown[], async: boolean): Result => {
    const left = [...pieces];
    const step = (): IteratorResult<unknown> => {
      const value = left.shift();
      if (value instanceof Error) throw value;
      if (value === undefined) log.push('end');
      return value === undefined ? { done: true, value } : { done: false, value };
    };
    const iterator = {
      next: async ? async () => step() : step,
      return: () => {
        log.push('return');
        return async ? Promise.resolve({ done: true }) : { done: true };
      },
    };
    return {
      [async ? Symbol.asyncIterator : Symbol.iterator]: () => iterator,
      close: () => log.push('close'),
    } as unknown as Result;
  };

  test.each([
    [false, 'gzip'],
    [true, 'gzip'],
    [false, 'identity'],
    [true, 'identity'],
  ])('async %s, %s', async (async, coding) => {
    const log: string[] = [];
    const cases: Record<string, readonly unknown[]> = {
      '/whole': [text, text],
      '/large': [large, large, large],
      '/fails-at-once': [new Error('at once')],
      '/fails': [large, large, new Error('later')],
      '/wrong': [large, large, 5],
    };
    const application: Application = (environ, startResponse) => {
      startResponse('200 OK', html);
      return noting(log, cases[environ.PATH_INFO] as unknown[], async);
    };
    await serving(gzip(), application, async (server, reported) => {
      const headers = { 'Accept-Encoding': coding };
      for (const path of ['/whole', '/large']) {
        await ask(server, { path, headers });
        expect(log.splice(0), path).toEqual(['end', 'close']);
        await ask(server, { path, headers, method: 'HEAD' });
        expect(log.splice(0).at(-1), path).toBe('close');
      }
      expect(reported).toEqual([]);
      expect((await ask(server, { path: '/fails-at-once', headers })).status).toBe(500);
      expect(log.splice(0)).toEqual(['close']);
      await expect(ask(server, { path: '/fails', headers })).rejects.toThrow('aborted');
      expect(log.splice(0)).toEqual(['close']);
      await expect(ask(server, { path: '/wrong', headers })).rejects.toThrow('aborted');
      expect(log.splice(0)).toEqual(['return', 'close']);
      expect(reported.length).toBe(3);
      expect(reported.join('')).toContain('later');
      expect(reported.join('')).toContain('FAPWS_CHUNK');
    });
  });

  test.each([false, true])('when the client leaves in the middle, async %s', async async => {
    const log: string[] = [];
    const application: Application = (_, startResponse) => {
      startResponse('200 OK', html);
      return noting(
        log,
        Array.from({ length: 5000 }, () => large),
        async,
      );
    };
    await serving(gzip({ levels: { gzip: 1 } }), application, async (server, reported) => {
      const response = await open(server, { headers: { 'Accept-Encoding': 'gzip' } });
      response.socket.resetAndDestroy();
      await vi.waitFor(() => expect(log).toEqual(['return', 'close']), { timeout: 10_000 });
      await new Promise(resolve => setImmediate(resolve));
      expect(log).toEqual(['return', 'close']);
      expect(reported).toEqual([]);
    });
  });

  test('an array with close() too, whole, beside the loop and with a wrong head', async () => {
    let closed = 0;
    const application: Application = (environ, startResponse) => {
      startResponse('200 OK', environ.PATH_INFO === '/wrong' ? [['X', 'a\nb']] : html);
      return Object.assign([environ.PATH_INFO === '/large' ? large : text], { close: () => (closed += 1) });
    };
    for (const middleware of [gzip(), ((inner: Application) => opaque(gzip()(inner))) as Middleware]) {
      closed = 0;
      await serving(middleware, application, async server => {
        const headers = { 'Accept-Encoding': 'gzip' };
        expect((await ask(server, { headers })).text()).toBe(text);
        expect(closed).toBe(1);
        expect((await ask(server, { path: '/large', headers })).content.equals(large)).toBe(true);
        expect(closed).toBe(2);
      });
    }
    await serving(
      ((inner: Application) => opaque(gzip()(inner))) as Middleware,
      application,
      async server => {
        expect((await ask(server, { path: '/wrong', headers: { 'Accept-Encoding': 'gzip' } })).status).toBe(
          500,
        );
        expect(closed).toBe(3);
      },
    );
  });
});

describe('Content-Length that is not true', () => {
  const cases: [string, Kind, string][] = [
    ['a string that is shorter', begun(() => text, sized(bytes.length + 1)), '500'],
    ['a stream that is shorter', begun(() => later(bytes, 1000), sized(bytes.length + 1)), 'aborted'],
    [
      'what is written is shorter',
      async (_, startResponse) => void (await startResponse('200 OK', sized(bytes.length + 1))(text)),
      'aborted',
    ],
    ['a stream that is longer', begun(() => later(bytes, 1000), sized(5500)), 'cut to 5500'],
    [
      'a stream without an end',
      begun(
        () =>
          (async function* () {
            for (;;) yield text;
          })(),
        sized(5500),
      ),
      'cut to 5500',
    ],
  ];
  test.each(cases)('%s', async (_name, kind, outcome) => {
    await serving(gzip(), kind as Application, async (server, reported) => {
      const asked = ask(server, { headers: { 'Accept-Encoding': 'gzip' } });
      if (outcome === '500') expect((await asked).status).toBe(500);
      else if (outcome === 'aborted') await expect(asked).rejects.toThrow();
      else expect((await asked).content.toString('latin1')).toBe(bytes.subarray(0, 5500).toString('latin1'));
      expect(reported.join('')).toMatch(/Content-Length/);
    });
  });
});

test('a generator is not asked for more than its Content-Length allows', async () => {
  for (const headers of [sized(5), sized(5000)]) {
    let pulled = 0;
    const application: Application = (_, startResponse) => {
      startResponse('200 OK', headers);
      return (function* () {
        for (; ; pulled += 1) yield 'x'.repeat(1000);
      })();
    };
    const lazy: Application = (environ, startResponse) =>
      (function* () {
        yield* application(environ, startResponse) as Iterable<string>;
      })();
    for (const one of [application, lazy]) {
      await serving(gzip(), one, async server => {
        pulled = 0;
        const { length } = (await ask(server, { headers: { 'Accept-Encoding': 'gzip' } })).content;
        expect(String(length)).toBe(headers.at(-1)?.[1]);
        expect(pulled).toBeLessThan(8);
      });
    }
  }
});

describe('failures', () => {
  test('before the first content are 500 and leave no coding behind', async () => {
    const applications: Application[] = [
      (_, startResponse) => {
        startResponse('200 OK', html);
        throw new Error('why');
      },
      async (_, startResponse) => {
        startResponse('200 OK', html);
        throw new Error('why');
      },
      // biome-ignore lint/correctness/useYield: it fails before it can.
      function* (_: Environ, startResponse: StartResponse): Generator<string> {
        startResponse('200 OK', html);
        throw new Error('why');
      },
      // biome-ignore lint/correctness/useYield: it fails before it can.
      async function* (_: Environ, startResponse: StartResponse): AsyncGenerator<string> {
        startResponse('200 OK', html);
        throw new Error('why');
      },
      begun(() => 5 as unknown as Result) as Application,
      begun(() => ({}) as unknown as Result) as Application,
      begun(() => [text, 5] as unknown as Result) as Application,
      () => text,
      () => later(bytes, 1000),
      () => parts(bytes, 1000),
    ];
    for (const application of applications) {
      await serving(gzip(), application, async (server, reported) => {
        const response = await ask(server, { headers: { 'Accept-Encoding': 'gzip' } });
        expect(response.status).toBe(500);
        expect(response.headers['content-encoding']).toBe(undefined);
        expect(reported.length).toBe(1);
      });
    }
  });

  test('an error that comes with an answer of its own is thrown once content was given', async () => {
    const application: Application = (_, startResponse) =>
      (function* () {
        startResponse('200 OK', html);
        yield 'given';
        startResponse('503 Later', html, new Error('too late'));
        yield 'never';
      })();
    await serving(gzip(), application, async (server, reported) => {
      expect((await ask(server, { headers: { 'Accept-Encoding': 'gzip' } })).status).toBe(500);
      expect(reported.join('')).toContain('too late');
    });
  });

  test('what is written after the answer is complete is an error, and reaches no other answer', async () => {
    let write: ((chunk: string) => unknown) | undefined;
    const application: Application = (_, startResponse) => {
      write = startResponse('200 OK', html);
      void write(text);
    };
    await serving(gzip(), application, async server => {
      expect((await ask(server, { headers: { 'Accept-Encoding': 'gzip' } })).text()).toBe(text);
      expect(() => write?.('more')).not.toThrow(/undefined/);
    });
  });
});
