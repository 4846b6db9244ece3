// Streams: each piece is out before the next one is asked for, at the pace of the client, and nothing is left behind when
// the client leaves.

import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { setImmediate as turn, setTimeout as wait } from 'node:timers/promises';
import zlib from 'node:zlib';
import { type Application, call, type Environ, type Middleware, type StartResponse } from '@fapws/core';
import { describe, expect, test, vi } from 'vitest';
import { gzip } from '../src/index.ts';
import { ask, hasZstd, open, serving } from './client.ts';
import { ZlibHandles } from './zlib-handles.ts';

// Sockets have to fill, on a machine that may be busy.
vi.setConfig({ testTimeout: 30_000 });

type Pairs = [string, string][];

const codings = ['gzip', 'deflate', 'br', ...(hasZstd ? ['zstd'] : [])];
const html: Pairs = [['Content-Type', 'text/html']];
const events: Pairs = [['Content-Type', 'text/event-stream']];

/** A promise that is settled from outside. */
class Signal<T = void> {
  resolve!: (value: T) => void;
  readonly promise: Promise<T> = new Promise<T>(resolve => {
    this.resolve = resolve;
  });
}

function decoderOf(response: IncomingMessage): NodeJS.ReadWriteStream {
  switch (response.headers['content-encoding']) {
    case 'gzip':
      return response.pipe(zlib.createGunzip());
    case 'deflate':
      return response.pipe(zlib.createInflate());
    case 'br':
      return response.pipe(zlib.createBrotliDecompress());
    default:
      return response.pipe((zlib as never as { createZstdDecompress(): zlib.Gunzip }).createZstdDecompress());
  }
}

describe.each(codings)('server-sent events in %s', coding => {
  const run = async (
    application: (next: () => Promise<string | undefined>) => Application,
  ): Promise<void> => {
    let asked = new Signal<string | undefined>();
    const next = (): Promise<string | undefined> => asked.promise;
    await serving(gzip(), application(next), async server => {
      // The first one is sent with the head.
      asked.resolve('data: 0\n\n');
      const response = await open(server, {
        headers: { 'Accept-Encoding': coding, Accept: 'text/event-stream' },
      });
      const decoder = decoderOf(response);
      for (let at = 0; at < 5; at += 1) {
        if (at > 0) {
          const before = asked;
          asked = new Signal();
          before.resolve(undefined);
          asked.resolve(`data: ${at}\n\n`);
        }
        // No other event comes before this one has been read.
        const [octets] = (await once(decoder, 'data', { signal: AbortSignal.timeout(5000) })) as [Buffer];
        expect(octets.toString()).toBe(`data: ${at}\n\n`);
        asked = new Signal();
      }
      response.destroy();
    });
  };

  /** Gives each event once. */
  const source = (next: () => Promise<string | undefined>): (() => Promise<string>) => {
    let last = '';
    return async () => {
      for (;;) {
        const event = await next();
        if (event !== undefined && event !== last) {
          last = event;
          return event;
        }
        await turn();
      }
    };
  };

  test('from an async generator', async () => {
    await run(next => (_, startResponse) => {
      startResponse('200 OK', events);
      const take = source(next);
      return (async function* () {
        for (;;) yield await take();
      })();
    });
  });

  test('from write', async () => {
    await run(next => async (_, startResponse) => {
      const write = startResponse('200 OK', events);
      const take = source(next);
      for (let at = 0; at < 5; at += 1) await write(await take());
    });
  });
});

test('a piece is sent before the next one is asked for', async () => {
  const log: string[] = [];
  const sent: number[] = [];
  const application: Application = (_, startResponse) => {
    startResponse('200 OK', html);
    return (async function* () {
      for (let at = 0; at < 5; at += 1) {
        log.push(`${at} asked, ${sent.length} sent`);
        yield `piece ${at} `.repeat(20);
      }
    })();
  };
  const spying =
    (inner: Application): Application =>
    async (environ, startResponse) => {
      const result = (await inner(environ, startResponse)) as AsyncIterable<Uint8Array>;
      return (async function* () {
        for await (const octets of result) {
          if (octets.length > 0) sent.push(octets.length);
          yield octets;
        }
      })();
    };
  await serving(
    inner => spying(gzip()(inner)),
    application,
    async server => {
      await ask(server, { headers: { 'Accept-Encoding': 'gzip' } });
    },
  );
  expect(log).toEqual([0, 1, 2, 3, 4].map(at => `${at} asked, ${at} sent`));
});

describe('backpressure', () => {
  /** Content that does not get smaller. */
  const noise = Buffer.alloc(65_536);
  for (let at = 0, state = 1; at < noise.length; at += 1) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    noise[at] = state >>> 24;
  }
  const pieces = 400;
  const given: Record<
    string,
    (count: () => void, environ: Environ, start: StartResponse) => ReturnType<Application>
  > = {
    'a generator': (count, _, start) => {
      start('200 OK', html);
      return (function* () {
        for (let at = 0; at < pieces; at += 1) {
          count();
          yield noise;
        }
      })();
    },
    'an async generator': (count, _, start) => {
      start('200 OK', html);
      return (async function* () {
        for (let at = 0; at < pieces; at += 1) {
          count();
          yield noise;
        }
      })();
    },
    write: async (count, _, start) => {
      const write = start('200 OK', html);
      for (let at = 0; at < pieces; at += 1) {
        count();
        await write(noise);
      }
    },
  };

  test.each(Object.entries(given))('%s waits for the client', async (_name, application) => {
    let count = 0;
    await serving(
      gzip({ levels: { gzip: 1 } }),
      (environ, start) => application(() => (count += 1), environ, start),
      async server => {
        const response = await open(server, { headers: { 'Accept-Encoding': 'gzip' } });
        // What the sockets hold is a few megabytes; it stops there.
        let before = -1;
        while (count !== before) {
          before = count;
          await wait(150);
        }
        expect(count).toBeLessThan(pieces * 0.75);
        let octets = 0;
        for await (const read of decoderOf(response)) octets += read.length;
        expect(octets).toBe(pieces * noise.length);
        expect(count).toBe(pieces);
      },
    );
  });
});

describe('a client that leaves', () => {
  const never = new Promise<never>(() => {});
  const closings: string[] = [];

  const applications: Record<string, Application> = {
    'of a generator that waits for ever': (_, startResponse) => {
      startResponse('200 OK', events);
      return Object.assign(
        (async function* () {
          yield 'data: first\n\n';
          await never;
        })(),
        { close: () => closings.push('close') },
      );
    },
    'of a generator that waits for its signal': (environ, startResponse) => {
      startResponse('200 OK', events);
      return Object.assign(
        (async function* () {
          try {
            yield 'data: first\n\n';
            const { promise, resolve } = new Signal();
            environ['fapws.signal'].addEventListener('abort', () => resolve());
            await promise;
          } finally {
            closings.push('finally');
          }
        })(),
        { close: () => closings.push('close') },
      );
    },
    'of what is written, by somebody who never returns': async (_, startResponse) => {
      await startResponse('200 OK', events)('data: first\n\n');
      await never;
    },
    'in the middle of a fast generator': (_, startResponse) => {
      startResponse('200 OK', events);
      return Object.assign(
        (function* () {
          for (;;) yield `data: ${Math.random()}\n\n`;
        })(),
        { close: () => closings.push('close') },
      );
    },
  };

  test.each(Object.entries(applications))('%s: its encoder is freed', async (name, application) => {
    closings.length = 0;
    const clients = 5;
    await serving(gzip(), application, async (server, reported) => {
      using handles = new ZlibHandles();
      const responses: IncomingMessage[] = [];
      for (let at = 0; at < clients; at += 1) {
        const response = await open(server, { headers: { 'Accept-Encoding': 'gzip' } });
        await once(response, 'readable');
        responses.push(response);
      }
      expect(handles.held, 'while they are there').toBe(clients);
      // A client that only shuts its side may still read (X2): who waits for ever learns nothing of it.
      for (const response of responses) response.socket.resetAndDestroy();
      await vi.waitFor(() => expect(handles.held).toBe(0), { timeout: 5000, interval: 20 });
      expect(handles.opened).toBe(clients);
      if (name.includes('generator')) {
        await vi.waitFor(() => expect(closings.filter(entry => entry === 'close').length).toBe(clients));
      }
      if (name.includes('signal')) expect(closings.length).toBe(2 * clients);
      expect(reported).toEqual([]);
    });
  });

  test('while whole content is compressed beside the loop: it is closed and nothing is reported', async () => {
    const large = Buffer.alloc(1_000_000, 'The simplest and the fastest. ');
    let closed = 0;
    let called = 0;
    const application: Application = (_, startResponse) => {
      called += 1;
      startResponse('200 OK', html);
      return Object.assign([large], { close: () => (closed += 1) });
    };
    const clients = 10;
    await serving(gzip({ encodings: ['br'] }), application, async (server, reported) => {
      using handles = new ZlibHandles();
      const { connect } = await import('node:net');
      for (let at = 0; at < clients; at += 1) {
        const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
        socket.on('error', () => {});
        socket.write('GET / HTTP/1.1\r\nHost: x\r\nAccept-Encoding: br\r\n\r\n');
        await vi.waitFor(() => expect(called).toBe(at + 1), { interval: 1 });
        socket.resetAndDestroy();
      }
      await vi.waitFor(() => expect(closed).toBe(clients), { timeout: 10_000 });
      expect(reported).toEqual([]);
      expect((await ask(server, { headers: { 'Accept-Encoding': 'br' } })).content.equals(large)).toBe(true);
      await vi.waitFor(() => expect(handles.held).toBe(0), { timeout: 5000, interval: 20 });
    });
  });

  test('an application that fails after the head: its encoder is freed, and the answer is cut', async () => {
    const application: Application = (_, startResponse) => {
      startResponse('200 OK', html);
      return (async function* () {
        yield 'some';
        throw new Error('after the head');
      })();
    };
    await serving(gzip(), application, async (server, reported) => {
      using handles = new ZlibHandles();
      for (let at = 0; at < 5; at += 1) {
        await expect(ask(server, { headers: { 'Accept-Encoding': 'gzip' } })).rejects.toThrow();
      }
      await vi.waitFor(() => expect(handles.held).toBe(0), { timeout: 5000, interval: 20 });
      expect(handles.opened).toBe(5);
      expect(reported.length).toBe(5);
      expect(reported[0]).toContain('after the head');
    });
  });
});

test('what is written while a result is on its way comes between its pieces, and breaks none', async () => {
  const piece = Buffer.alloc(30_000, 'The simplest and the fastest. ');
  for (const syncLimit of [0, 32_768]) {
    let writes = 0;
    const application: Application = (_, startResponse) => {
      const write = startResponse('200 OK', html);
      let writing = true;
      const writeOn = async (): Promise<void> => {
        while (writing) {
          writes += 1;
          await write('written ');
          await turn();
        }
      };
      setImmediate(() => void writeOn());
      return (async function* () {
        for (let at = 0; at < 50; at += 1) {
          await turn();
          yield piece;
        }
        writing = false;
      })();
    };
    await serving(gzip({ syncLimit }), application, async (server, reported) => {
      const text = (await ask(server, { headers: { 'Accept-Encoding': 'gzip' } })).text();
      expect(text.split('written ').length - 1).toBe(writes);
      expect(text.replaceAll('written ', '').length).toBe(50 * piece.length);
      expect(reported).toEqual([]);
    });
  }
});

test('a middleware further out that stops a stream frees its encoder at once', async () => {
  const stopping: Middleware = inner => async (environ, startResponse) => {
    const result = (await inner(environ, startResponse)) as AsyncIterable<Uint8Array> & { close(): unknown };
    using handles = new ZlibHandles();
    for await (const octets of result) if (octets.length > 0) break;
    expect(handles.opened).toBe(1);
    expect(handles.held).toBe(0);
    await result.close();
    startResponse('200 OK', html, new Error('something else'));
    return 'something else';
  };
  const application: Application = (_, startResponse) => {
    startResponse('200 OK', html);
    return (async function* () {
      for (;;) yield 'x';
    })();
  };
  const response = await call(stopping(gzip()(application)), { headers: { 'Accept-Encoding': 'gzip' } });
  expect(response.text()).toBe('something else');
});

test('generators that are never short of pieces let others have their turn', async () => {
  let stop = false;
  const application: Application = (environ, startResponse) => {
    startResponse('200 OK', html);
    if (environ.PATH_INFO === '/other') return 'other';
    return (function* () {
      while (!stop) yield '';
      yield 'done';
    })();
  };
  await serving(gzip(), application, async server => {
    const headers = { 'Accept-Encoding': 'gzip' };
    const first = ask(server, { headers });
    expect((await ask(server, { path: '/other', headers })).text()).toBe('other');
    stop = true;
    expect((await first).text()).toBe('done');
  });
});

test('a generator that pauses without waiting sends what it has given', async () => {
  let stop = false;
  const application: Application = (_, startResponse) => {
    startResponse('200 OK', html);
    return (function* () {
      yield 'first';
      while (!stop) yield '';
      yield 'second';
    })();
  };
  await serving(gzip(), application, async server => {
    const response = await open(server, { headers: { 'Accept-Encoding': 'gzip' } });
    const decoder = decoderOf(response);
    const [octets] = (await once(decoder, 'data', { signal: AbortSignal.timeout(5000) })) as [Buffer];
    expect(octets.toString()).toBe('first');
    stop = true;
    response.destroy();
  });
});
