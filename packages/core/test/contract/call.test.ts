// The call of an application and what becomes of its result: clauses A, P, R and S of docs/contract.md.

import { describe, expect, test } from 'vitest';
import { type Application, call, type Result, type StartResponse } from '../../src/index.ts';
import { ALIVE, deferred, get, serve, thenable, within } from './support.ts';

const text = (startResponse: StartResponse): void => {
  startResponse('200 OK', [['Content-Type', 'text/plain']]);
};

describe('the call', () => {
  test('A1: The application is called once per request, with exactly `environ` and `startResponse`.', async () => {
    const calls: unknown[][] = [];
    const application = function (this: unknown, ...given: unknown[]): string {
      calls.push([this, ...given]);
      text(given[1] as StartResponse);
      return 'x';
    };
    await call(application as Application);
    expect(calls).toHaveLength(1);
    expect(calls[0]).toHaveLength(3);
    expect(calls[0]?.[0]).toBeUndefined();
    expect(typeof calls[0]?.[2]).toBe('function');

    // No kind of callable is looked at: a bound method, a Proxy and an async function all do.
    class Greeter {
      greeting = 'from a method';
      answer(_environ: unknown, startResponse: StartResponse): string {
        text(startResponse);
        return this.greeting;
      }
    }
    const greeter = new Greeter();
    expect((await call(greeter.answer.bind(greeter))).text()).toBe('from a method');
    expect((await call(new Proxy(application as Application, {}))).text()).toBe('x');
  });

  test('A2: `environ` is a record of its own for each request, which the application may change freely.', async () => {
    const seen: unknown[] = [];
    const serving = await serve((environ, startResponse) => {
      seen.push(environ['REQUEST_METHOD'], environ['my.key']);
      environ.REQUEST_METHOD = 'CHANGED';
      environ['my.key'] = 1;
      environ['wsgi.url_scheme'] = 'https';
      seen.push(environ.REQUEST_METHOD, environ['my.key'], environ['wsgi.url_scheme']);
      text(startResponse);
      return 'x';
    });
    const client = await serving.connect();
    client.send(get() + get());
    await client.answer();
    await client.answer();
    const each = ['GET', undefined, 'CHANGED', 1, 'https'];
    expect(seen).toEqual([...each, ...each]);
  });

  test('A3: `startResponse` takes status, headers and excInfo by position and returns `write`.', async () => {
    const response = await call((_environ, startResponse) => {
      const write = startResponse('200 OK', [['X-First', '1']]);
      expect(typeof write).toBe('function');
      expect(startResponse('500 Changed', [['X-Second', '2']], new Error('why'))).toBe(write);
      write('written');
      return null;
    });
    expect(response.status).toBe('500 Changed');
    expect(response.header('x-first')).toBeUndefined();
    expect(response.header('x-second')).toBe('2');
    expect(response.text()).toBe('written');
  });

  test('A4: A result may call `startResponse` itself, before its first content; content without it is an error.', async () => {
    const lazy = await call(function* (_environ, startResponse) {
      yield '';
      startResponse('201 Created', []);
      yield 'made';
    });
    expect(lazy.status).toBe('201 Created');
    expect(lazy.text()).toBe('made');

    let errors = '';
    const write = (line: string): void => {
      errors += line;
    };
    const base = { errors: { write, writelines: () => {}, flush: () => {} } };
    const early = await call(
      function* (_environ, startResponse) {
        yield 'too early';
        startResponse('200 OK', []);
      },
      '/',
      base,
    );
    expect(early.statusCode).toBe(500);
    expect(errors).toContain('FAPWS_NOT_STARTED');
  });

  test('A5: Of a result nothing is used but iteration, `length`, `close` and `then`.', async () => {
    const asked = new Set<string | symbol>();
    const result = new Proxy(
      {
        *[Symbol.iterator]() {
          yield 'a';
          yield 'b';
        },
        close() {},
      },
      {
        get(target, key, receiver) {
          asked.add(key);
          return Reflect.get(target, key, receiver) as unknown;
        },
        has(target, key) {
          asked.add(key);
          return key in target;
        },
      },
    );
    const response = await call((_environ, startResponse) => {
      text(startResponse);
      return result;
    });
    expect(response.text()).toBe('ab');
    const allowed = ['then', 'length', 'close', Symbol.iterator, Symbol.asyncIterator];
    expect([...asked].filter(key => !allowed.includes(key as string))).toEqual([]);
  });

  test('A6: The length of an array is trusted: its content has a Content-Length and no chunks.', async () => {
    for (const [result, length] of [
      [['one'], 3],
      [['a', 'é', new Uint8Array([1])], 4],
      [[], 0],
    ] as const) {
      const response = await call((_environ, startResponse) => {
        text(startResponse);
        return result;
      });
      expect(response.header('content-length')).toBe(String(length));
      expect(response.header('transfer-encoding')).toBeUndefined();
      expect(response.body).toHaveLength(length);
    }
  });

  describe('A7', () => {
    interface Path {
      readonly name: string;
      readonly pieces: () => Generator<string, void, void>;
      readonly method?: string;
      readonly headers?: [string, string][];
      /** The client leaves instead of reading. */
      readonly leaves?: boolean;
    }
    const endless = function* (): Generator<string, void, void> {
      for (;;) yield 'x'.repeat(10_000);
    };
    const paths: Path[] = [
      {
        name: 'the end',
        *pieces() {
          yield 'a';
          yield 'b';
        },
      },
      {
        name: 'a throw before the head',
        // biome-ignore lint/correctness/useYield: it throws first.
        *pieces() {
          throw new Error('on purpose');
        },
      },
      {
        name: 'a throw after the head',
        *pieces() {
          yield 'a';
          yield 'b';
          throw new Error('on purpose');
        },
      },
      { name: 'HEAD', method: 'HEAD', pieces: endless },
      { name: 'enough octets', headers: [['Content-Length', '5']], pieces: endless },
      { name: 'a client that left', pieces: endless, leaves: true },
      {
        name: 'a piece that is no content',
        *pieces() {
          yield 'a';
          yield 'b';
          yield 5 as never;
        },
      },
    ];
    test.each(
      paths.flatMap(path => [
        { ...path, kind: 'iterable', asynchronous: false },
        { ...path, kind: 'async iterable', asynchronous: true },
      ]),
    )(
      'A7: `close()` and the iterator’s `return()` are called, once, on every path. ($name, $kind)',
      async ({ pieces, method = 'GET', headers = [], leaves = false, asynchronous }) => {
        let closed = 0;
        let ended = 0;
        const over = deferred();
        const pull = deferred();
        const close = (): void => {
          closed += 1;
          over.resolve();
        };
        const serving = await serve((_environ, startResponse) => {
          startResponse('200 OK', headers);
          if (asynchronous) {
            return {
              async *[Symbol.asyncIterator]() {
                try {
                  for (const piece of pieces()) {
                    pull.resolve();
                    yield piece;
                  }
                } finally {
                  ended += 1;
                }
              },
              close,
            };
          }
          return {
            *[Symbol.iterator]() {
              try {
                for (const piece of pieces()) {
                  pull.resolve();
                  yield piece;
                }
              } finally {
                ended += 1;
              }
            },
            close,
          };
        });
        const client = await serving.connect();
        client.send(get('/', { method }));
        if (leaves) {
          await within('the first piece is pulled', pull.promise);
          client.leave();
        }
        await within('close()', over.promise);
        await serving.alive();
        expect(closed).toBe(1);
        expect(ended).toBe(1);
      },
    );
  });

  test('A7: `close()` and the iterator’s `return()` are called, once, on every path. (arrays and late results)', async () => {
    let closed = 0;
    const withClose = (): Iterable<string> => Object.assign(['a', 'b'], { close: () => void closed++ });
    await call((_environ, startResponse) => {
      text(startResponse);
      return withClose();
    });
    expect(closed).toBe(1);

    const begun = deferred();
    const late = deferred<Result>();
    const serving = await serve((environ, startResponse) => {
      text(startResponse);
      environ['fapws.signal'].addEventListener('abort', () => late.resolve(withClose()));
      begun.resolve();
      return late.promise;
    });
    const client = await serving.connect();
    client.send(get());
    await within('the call', begun.promise);
    client.leave();
    await within('the signal', late.promise);
    await serving.alive();
    expect(closed).toBe(2);
    expect(serving.log.text).toBe('');
  });

  test('A7: `close()` and the iterator’s `return()` are called, once, on every path. (one that fails is reported)', async () => {
    for (const close of [
      () => {
        throw new Error('close failed');
      },
      () => Promise.reject(new Error('close failed')),
    ]) {
      const serving = await serve((_environ, startResponse) => {
        text(startResponse);
        return Object.assign(['a'], { close });
      });
      expect((await serving.ask(get())).text).toBe('a');
      await serving.log.has(/close failed/);
      await serving.alive();
    }
  });

  test('A8: A piece is sent before the next one is awaited; empty pieces start nothing.', async () => {
    const next = deferred();
    const serving = await serve(async function* (_environ, startResponse) {
      yield '';
      startResponse('200 OK', []);
      yield 'first';
      await next.promise;
      yield 'second';
    } as Application);
    const client = await serving.connect();
    client.send(get());
    await client.until('the first piece', () => client.received.includes('5\r\nfirst\r\n'));
    expect(client.received.includes('second')).toBe(false);
    next.resolve();
    expect((await client.answer()).text).toBe('firstsecond');

    // What is yielded without a turn of the loop between leaves together: nobody could have seen the difference.
    const together = await serve(function* (_environ, startResponse) {
      startResponse('200 OK', []);
      yield 'first';
      yield 'second';
    });
    const other = await together.connect();
    const reads: number[] = [];
    other.socket.on('data', (bytes: Buffer) => reads.push(bytes.length));
    other.send(get());
    expect((await other.answer()).chunks).toEqual([5, 6]);
    expect(reads).toHaveLength(1);
  });

  test('A9: Octets are sent as they are.', async () => {
    const octets = Uint8Array.from({ length: 256 }, (_, at) => at);
    for (const result of [
      octets,
      [octets],
      [octets, octets.subarray(0, 0)],
      [octets.subarray(0, 100), octets.subarray(100)],
    ]) {
      const response = await call((_environ, startResponse) => {
        startResponse('200 OK', [['Content-Type', 'application/octet-stream']]);
        return result;
      });
      expect(response.body.equals(octets)).toBe(true);
    }
    // A window into a larger memory is that window.
    const memory = new Uint8Array(16).fill(7);
    memory.set([1, 2, 3], 5);
    const response = await call((_environ, startResponse) => {
      text(startResponse);
      return memory.subarray(5, 8);
    });
    expect([...response.body]).toEqual([1, 2, 3]);
  });
});

describe('promises', () => {
  test('P1: An application may return a promise of any result.', async () => {
    const response = await call(async (_environ, startResponse) => {
      await new Promise(resolve => setImmediate(resolve));
      startResponse('202 Accepted', []);
      return ['later'];
    });
    expect(response.status).toBe('202 Accepted');
    expect(response.text()).toBe('later');
    expect(response.header('content-length')).toBe('5');
  });

  test('P2: A rejected promise is what a throw is.', async () => {
    const serving = await serve(async () => {
      throw new Error('on purpose');
    });
    const answer = await serving.ask(get());
    expect(answer.code).toBe(500);
    await serving.log.has(/^fapws: GET \/: Error: on purpose/m);
  });

  test('P3: A synchronous callback is answered in the turn in which its request is read.', async () => {
    const order: string[] = [];
    const serving = await serve((environ, startResponse) => {
      order.push(`call ${environ.PATH_INFO}`);
      queueMicrotask(() => order.push(`microtask ${environ.PATH_INFO}`));
      text(startResponse);
      return ['x'];
    });
    const client = await serving.connect();
    client.send(get('/1') + get('/2'));
    await client.answer();
    await client.answer();
    // The second request was looked at before any promise could have been settled.
    expect(order.slice(0, 2)).toEqual(['call /1', 'call /2']);
  });

  test('P4: Requests whose promises wait do not delay other connections; those of one connection are answered in order.', async () => {
    const release = deferred();
    const serving = await serve(async (environ, startResponse) => {
      if (environ.PATH_INFO === '/slow') await release.promise;
      text(startResponse);
      return environ.PATH_INFO;
    });
    const client = await serving.connect();
    client.send(get('/slow') + get('/fast'));
    await serving.alive();
    expect(client.received).toHaveLength(0);
    release.resolve();
    expect((await client.answer()).text).toBe('/slow');
    expect((await client.answer()).text).toBe('/fast');
  });

  test('P5: A thenable of another library is a promise, whatever it does wrong.', async () => {
    const thenables = [
      thenable(resolve => resolve('x')),
      thenable((resolve, reject) => {
        resolve('x');
        resolve('y');
        reject(new Error('late'));
      }),
      thenable(resolve => resolve(thenable(inner => inner('x')))),
    ];
    for (const result of thenables) {
      const serving = await serve((_environ, startResponse) => {
        text(startResponse);
        return result as Promise<string>;
      });
      expect((await serving.ask(get())).text).toBe('x');
      expect(serving.log.text).toBe('');
    }
    const throwing = await serve(
      () =>
        thenable(() => {
          throw new Error('then failed');
        }) as never,
    );
    expect((await throwing.ask(get())).code).toBe(500);
    await throwing.log.has(/then failed/);
  });

  test('P6: An async iterable is sent piece by piece as it yields.', async () => {
    const gates = [deferred(), deferred(), deferred()];
    const serving = await serve(async function* (_environ, startResponse) {
      startResponse('200 OK', []);
      for (const [at, gate] of gates.entries()) {
        await gate.promise;
        yield `piece ${at};`;
      }
    } as Application);
    const client = await serving.connect();
    client.send(get());
    for (const [at, gate] of gates.entries()) {
      gate.resolve();
      await client.until(`piece ${at}`, () => client.received.includes(`piece ${at};`));
    }
    expect((await client.answer()).chunks).toEqual([8, 8, 8]);
  });

  test('P7: A result is pulled at the pace of the client.', async () => {
    for (const asynchronous of [false, true]) {
      let pulled = 0;
      const piece = Buffer.alloc(65_536, 'x');
      const pieces = 400;
      const serving = await serve((_environ, startResponse) => {
        startResponse('200 OK', []);
        if (asynchronous) {
          return (async function* () {
            for (; pulled < pieces; pulled += 1) yield piece;
          })();
        }
        return (function* () {
          for (; pulled < pieces; pulled += 1) yield piece;
        })();
      });
      const client = await serving.connect();
      client.socket.pause();
      client.send(get());
      // Others are served meanwhile, and the result stands still where the buffers of both kernels are full.
      let before = -1;
      await within(
        'the result stands still',
        (async () => {
          while (pulled === 0 || pulled !== before) {
            before = pulled;
            for (let at = 0; at < 20; at += 1) await serving.alive();
          }
        })(),
      );
      expect(pulled).toBeLessThan(pieces);
      client.socket.resume();
      expect((await client.answer()).body).toHaveLength(pieces * piece.length);
    }
  });
});

describe('results', () => {
  test('R1: A result that is nothing is an empty answer.', async () => {
    for (const result of [null, undefined, '', [], new Uint8Array()]) {
      const response = await call((_environ, startResponse) => {
        text(startResponse);
        return result;
      });
      expect(response.status).toBe('200 OK');
      expect(response.header('content-length')).toBe('0');
    }
  });

  test('R2: A string or a Uint8Array is the whole content, not an iterable of characters or numbers.', async () => {
    for (const result of ['whole', Buffer.from('whole')]) {
      const response = await call((_environ, startResponse) => {
        text(startResponse);
        return result;
      });
      expect(response.text()).toBe('whole');
      expect(response.header('content-length')).toBe('5');
    }
  });

  test('R3: A result that is none of the kinds is an error of the application.', async () => {
    for (const result of [5, true, 10n, Symbol('s'), {}, () => 'x', new Date(), new ArrayBuffer(1)]) {
      const serving = await serve((_environ, startResponse) => {
        text(startResponse);
        return result as never;
      });
      expect((await serving.ask(get())).code, String(result)).toBe(500);
      await serving.log.has(/FAPWS_RESULT/);
    }
  });

  test('S1: Strings go out as UTF-8.', async () => {
    const samples = ['ascii', 'é', '€', '🐝', '\0', 'a\u{10ffff}b'];
    for (const sample of samples) {
      for (const result of [sample, [sample], [sample, sample], new Set([sample, `${sample}2`])]) {
        const response = await call((_environ, startResponse) => {
          text(startResponse);
          return result;
        });
        expect(response.text()).toBe(typeof result === 'string' ? result : [...result].join(''));
      }
    }
  });

  test('S2: `null` and `undefined` among the pieces are skipped; anything else that is no string and no Uint8Array is an error.', async () => {
    const response = await call(function* (_environ, startResponse) {
      startResponse('200 OK', []);
      yield null;
      yield 'start';
      yield undefined;
      yield 'tt';
    });
    expect(response.text()).toBe('starttt');
    for (const piece of [0, false, {}, [], new Uint8ClampedArray(1), new ArrayBuffer(2), ['a'], () => {}]) {
      for (const result of [[piece], ['a', piece], new Set([piece])]) {
        const serving = await serve((_environ, startResponse) => {
          text(startResponse);
          return result as never;
        });
        expect((await serving.ask(get())).code).toBe(500);
        await serving.log.has(/FAPWS_CHUNK/);
      }
    }
  });

  test('S3: Pieces that are always at hand let other connections have their turn.', async () => {
    let stop = false;
    const serving = await serve(function* (_environ, startResponse) {
      startResponse('200 OK', []);
      while (!stop) yield 'x'.repeat(10_000);
    });
    const client = await serving.connect();
    client.send(get());
    await client.until('the beginning', () => client.received.length > 10_000);
    client.socket.removeAllListeners('data');
    client.socket.resume();
    await serving.alive();
    const other = await serving.connect();
    other.send(get(ALIVE));
    expect((await other.answer()).text).toBe('alive');
    stop = true;
  });
});
