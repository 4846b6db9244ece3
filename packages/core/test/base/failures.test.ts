// Whatever a callback or a part of the base does, its client gets 500 or a cut connection, the log says what and where,
// and the server lives on.

import { describe, expect, test } from 'vitest';
import {
  type Application,
  type CookieOptions,
  call,
  type ErrorPage,
  LazyEnviron,
  RequestError,
  type StartResponse,
  WsgiResponse,
} from '../../src/index.ts';
import { ALIVE, get, post, type ServeOptions, serve, thenable } from '../contract/support.ts';

const throws = (): never => {
  throw new Error('on purpose');
};
const begin = (startResponse: StartResponse): void => {
  startResponse('200 OK', [['Content-Type', 'text/plain']]);
};
const returning =
  (make: () => unknown): Application =>
  (_environ, startResponse) => {
    begin(startResponse);
    return make() as never;
  };
/** An object each use of which fails. */
const hostile = (): object =>
  new Proxy(
    {},
    {
      get: throws,
      has: throws,
      getPrototypeOf: throws,
      ownKeys: throws,
      getOwnPropertyDescriptor: throws,
    },
  );
const revoked = (): object => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
};

describe('a callback that fails', () => {
  const broken: [string, Application][] = [
    ['throws an Error', throws],
    [
      'throws a string',
      () => {
        throw 'text';
      },
    ],
    [
      'throws undefined',
      () => {
        throw undefined;
      },
    ],
    [
      'throws null',
      () => {
        throw null;
      },
    ],
    [
      'throws a symbol',
      () => {
        throw Symbol('s');
      },
    ],
    [
      'throws an object without a prototype',
      () => {
        throw Object.create(null);
      },
    ],
    [
      'throws a hostile Proxy',
      () => {
        throw hostile();
      },
    ],
    [
      'throws a revoked Proxy',
      () => {
        throw revoked();
      },
    ],
    [
      'throws an Error whose stack fails',
      () => {
        throw Object.defineProperty(new Error('x'), 'stack', { get: throws });
      },
    ],
    [
      'throws an Error whose stack is no text',
      () => {
        throw Object.assign(new Error('x'), { stack: hostile() });
      },
    ],
    [
      'throws a RequestError with a bad status',
      () => {
        throw new RequestError('FAPWS_CLIENT_GONE', 'bad\r\nX-Injected: 1', 'no');
      },
    ],
    ['is rejected with undefined', () => Promise.reject(undefined)],
    ['is rejected with a hostile Proxy', () => Promise.reject(hostile())],
    ['returns a hostile Proxy', returning(hostile)],
    ['returns a revoked Proxy', returning(revoked)],
    ['returns a promise of a hostile Proxy', returning(() => thenable(resolve => resolve([hostile()])))],
    [
      'returns a thenable whose getter fails',
      returning(() => Object.defineProperty({}, 'then', { get: throws })),
    ],
    ['returns a thenable that throws', returning(() => thenable(throws))],
    ['returns an iterable whose iterator fails', returning(() => ({ [Symbol.iterator]: throws }))],
    ['returns an iterable without an iterator', returning(() => ({ [Symbol.iterator]: () => null }))],
    [
      'returns an iterable whose next fails',
      returning(() => ({ [Symbol.iterator]: () => ({ next: throws }) })),
    ],
    [
      'returns an iterable whose next gives nothing',
      returning(() => ({ [Symbol.iterator]: () => ({ next: () => null }) })),
    ],
    [
      'returns an iterable whose value fails',
      returning(() => ({
        [Symbol.iterator]: () => ({
          next: () => Object.defineProperty({ done: false }, 'value', { get: throws }),
        }),
      })),
    ],
    ['returns an async iterable whose iterator fails', returning(() => ({ [Symbol.asyncIterator]: throws }))],
    [
      'returns an async iterable without an iterator',
      returning(() => ({ [Symbol.asyncIterator]: () => undefined })),
    ],
    [
      'returns an async iterable whose next fails',
      returning(() => ({ [Symbol.asyncIterator]: () => ({ next: throws }) })),
    ],
    [
      'returns an async iterable whose next gives nothing',
      returning(() => ({ [Symbol.asyncIterator]: () => ({ next: () => 5 }) })),
    ],
    ['returns an array with a hostile piece', returning(() => ['a', hostile()])],
    [
      'returns an array whose piece fails',
      returning(() => Object.defineProperty(['a', 'b'], 1, { get: throws })),
    ],
    ['yields a hostile piece', returning(() => new Set([hostile()]))],
    ['yields a bigint', returning(() => new Set([5n]))],
    [
      'calls startResponse with hostile headers',
      (_environ, startResponse) => {
        startResponse('200 OK', hostile() as never);
        return '';
      },
    ],
    [
      'calls startResponse with a hostile pair',
      (_environ, startResponse) => {
        startResponse('200 OK', [hostile() as never]);
        return '';
      },
    ],
    [
      'calls startResponse with a hostile status',
      (_environ, startResponse) => {
        startResponse(hostile() as never, []);
        return '';
      },
    ],
  ];

  test.each(broken)('is answered 500, and reported once: one that %s', async (_name, application) => {
    const serving = await serve(application);
    const client = await serving.connect();
    client.send(get('/broken') + get(ALIVE));
    const answer = await client.answer();
    expect(answer.status).toBe('500 Internal Server Error');
    expect(answer.header('x-injected')).toBeUndefined();
    expect((await client.answer()).text).toBe('alive');
    await serving.alive();
    expect(serving.log.lines.length).toBeGreaterThanOrEqual(1);
    expect(serving.log.lines[0]).toMatch(/^fapws: GET \/broken: ./);
  });

  const closings: [string, () => object][] = [
    ['throws', () => ({ close: throws })],
    ['is rejected', () => ({ close: () => Promise.reject(new Error('on purpose')) })],
    ['is a thenable that throws', () => ({ close: () => thenable(throws) })],
    ['cannot be read', () => Object.defineProperty({}, 'close', { get: throws, enumerable: true })],
  ];
  test.each(closings)('does no harm with a close() that %s', async (_name, make) => {
    for (const iterable of [
      () => ['content'],
      () => new Set(['con', 'tent']),
      () =>
        (async function* () {
          yield 'content';
        })(),
    ]) {
      const serving = await serve(
        returning(() => Object.defineProperties(iterable(), Object.getOwnPropertyDescriptors(make()))),
      );
      const client = await serving.connect();
      client.send(get() + get(ALIVE));
      expect((await client.answer()).text).toBe('content');
      expect((await client.answer()).text).toBe('alive');
      await serving.log.has(/^fapws: GET \/: Error: on purpose/m);
    }
  });

  test('does no harm with a return() that fails', async () => {
    for (const key of [Symbol.iterator, Symbol.asyncIterator]) {
      for (const give of [throws, () => Promise.reject(new Error('on purpose')), () => 5]) {
        const serving = await serve(
          returning(() => ({
            [key]: () => ({ next: () => ({ done: false, value: 'x' }), return: give }),
          })),
        );
        expect((await serving.ask(get('/', { method: 'HEAD' }), { head: true })).code).toBe(200);
        await serving.alive();
      }
    }
  });

  test('answers only once, whatever it tries', async () => {
    const codes: string[] = [];
    const attempt = (what: () => unknown): void => {
      try {
        what();
        codes.push('passed');
      } catch (error) {
        codes.push((error as { code: string }).code);
      }
    };
    let done = (): void => {};
    const tried = new Promise<void>(resolve => {
      done = resolve;
    });
    const serving = await serve((environ, startResponse) => {
      const write = startResponse('200 OK', []);
      if (environ.PATH_INFO === '/twice') {
        setImmediate(() => {
          attempt(() => startResponse('200 OK', []));
          attempt(() =>
            startResponse('200 OK', [], new RequestError('FAPWS_CLIENT_GONE', '400 x', 'excInfo')),
          );
          attempt(() => write('again'));
          attempt(() => startResponse.response?.addHeader('X-Late', '1'));
          attempt(() => startResponse.response?.write('again'));
          done();
        });
      }
      return 'once';
    });
    const client = await serving.connect();
    client.send(get('/twice'));
    expect((await client.answer()).text).toBe('once');
    await tried;
    client.send(get('/next'));
    expect((await client.answer()).text).toBe('once');
    expect(client.received).toHaveLength(0);
    expect(codes).toEqual([
      'FAPWS_STARTED_TWICE',
      'FAPWS_CLIENT_GONE',
      'FAPWS_ANSWERED',
      'FAPWS_ANSWERED',
      'FAPWS_ANSWERED',
    ]);
  });

  test('lets others have their turn while it yields nothing', async () => {
    for (const asynchronous of [false, true]) {
      let stop = false;
      const serving = await serve((environ, startResponse) => {
        begin(startResponse);
        if (environ.PATH_INFO === '/stop') {
          stop = true;
          return 'stopped';
        }
        if (asynchronous) {
          return (async function* () {
            while (!stop) yield '';
          })();
        }
        return (function* () {
          while (!stop) yield null;
        })();
      });
      const client = await serving.connect();
      client.send(get('/wait'));
      await serving.alive();
      expect((await serving.ask(get('/stop'))).text).toBe('stopped');
      expect((await client.answer()).code).toBe(200);
    }
  });

  test('is told of with its code and its cause', async () => {
    const serving = await serve(() => {
      throw new Error('outer', { cause: new TypeError('inner') });
    });
    await serving.ask(get());
    await serving.log.has(/outer[\s\S]*TypeError: inner/);
    const other = await serve(() => 'not started');
    await other.ask(get());
    await other.log.has(/code: 'FAPWS_NOT_STARTED'/);
  });
});

describe('a part of the base that fails', () => {
  const pages: [string, () => unknown][] = [
    ['throws', throws],
    ['gives nothing', () => undefined],
    ['gives a promise', () => Promise.resolve({ headers: [], content: 'x' })],
    ['gives content that is no text', () => ({ headers: [], content: 5 })],
    ['gives no headers', () => ({ content: 'x' })],
    ['gives bad headers', () => ({ headers: [['X-A', 'b\r\nX-Injected: 1']], content: 'x' })],
    ['gives hop-by-hop headers', () => ({ headers: [['Connection', 'keep-alive']], content: 'x' })],
    ['gives a Content-Length', () => ({ headers: [['Content-Length', '500']], content: 'x' })],
    ['gives a hostile Proxy', hostile],
  ];
  test.each(pages)('is replaced by the default one: an error page that %s', async (_name, errorPage) => {
    const serving = await serve(null, {
      base: { errorPage: errorPage as () => ErrorPage },
      set: server => server.route('GET', '/failing', throws),
    });
    const cases: [string | Uint8Array, string][] = [
      [get('/failing'), '500 Internal Server Error'],
      [get('/failing', { method: 'PUT' }), '405 Method Not Allowed'],
      [get('/nowhere'), '404 Not Found'],
      [get('/', { method: 'TRACE' }), '501 Not Implemented'],
      ['GET / HTTP/1.1\r\n\r\n', '400 Bad Request'],
      ['\x01\r\n\r\n', '400 Bad Request'],
      [get('/%ff'), '400 Bad Request'],
      [post('x', ['Content-Length: 5']), '400 Bad Request'],
    ];
    for (const [request, status] of cases) {
      const answer = await serving.ask(request);
      expect(answer.status).toBe(status);
      expect(answer.text.startsWith(`${status}\n`)).toBe(true);
      expect(answer.whole).toBe(true);
      expect(answer.header('x-injected')).toBeUndefined();
      await serving.alive();
    }
    await serving.log.has(/the error page for GET \/failing: /);
    await serving.log.has(/the error page for a request that was refused: /);
  });

  test('does no harm: a wsgi.errors that throws', async () => {
    const errors = { write: throws, writelines: throws, flush: throws };
    const base = { errors, errorPage: throws as () => ErrorPage };
    const serving = await serve(throws, { base });
    expect((await serving.ask(get())).code).toBe(500);
    expect((await serving.ask('\x01\r\n\r\n')).code).toBe(400);
    await serving.alive();
    const own = await serve(
      environ => {
        environ['wsgi.errors'].write('trouble');
        return 'never';
      },
      { base: { errors } },
    );
    expect((await own.ask(get())).code).toBe(500);
    // Also where the server itself has something to report.
    let failed = (): void => {};
    const deferredFailed = new Promise<void>(resolve => {
      failed = resolve;
    });
    own.server.defer(() => {
      failed();
      throw new Error('on purpose');
    });
    await deferredFailed;
    await own.alive();
    await own.server.stop({ graceMs: 0 });
  });

  class BrokenEnviron extends LazyEnviron {
    constructor(...given: ConstructorParameters<typeof LazyEnviron>) {
      super(...given);
      throws();
    }
  }
  class BrokenLookup extends LazyEnviron {
    override lookup(): unknown {
      return throws();
    }
  }
  class BrokenResponse extends WsgiResponse {
    constructor(...given: ConstructorParameters<typeof WsgiResponse>) {
      super(...given);
      throws();
    }
  }
  class BrokenStart extends WsgiResponse {
    override start(): never {
      return throws();
    }
  }
  const parts: [string, ServeOptions['base']][] = [
    ['an Environ that can’t be made', { Environ: BrokenEnviron }],
    ['an Environ that can’t look up', { Environ: BrokenLookup }],
    ['a Response that can’t be made', { Response: BrokenResponse }],
    ['a Response that can’t be started', { Response: BrokenStart }],
  ];
  test.each(parts)('is answered 500: %s', async (_name, base) => {
    const application: Application = (environ, startResponse) => {
      startResponse('200 OK', [['X-Path', environ.PATH_INFO]]);
      return 'x';
    };
    const serving = await serve(application, { base: base ?? {} });
    for (let round = 0; round < 2; round += 1) {
      const answer = await serving.ask(get());
      expect(answer.status).toBe('500 Internal Server Error');
      await serving.log.has(/^fapws: GET \/: Error: on purpose/m);
    }
  });

  test('is refused when it is given: an ident that no header can carry', async () => {
    for (const ident of ['a\r\nX-Injected: 1', 'a\0', '€']) {
      await expect(serve(null, { base: { ident } })).rejects.toMatchObject({ code: 'FAPWS_HEADER' });
    }
  });
});

describe('header injection', () => {
  const evil = 'x\r\nX-Injected: 1';
  const ways: [string, (response: WsgiResponse, startResponse: StartResponse) => void][] = [
    ['startResponse', (_r, start) => void start('302 Found', [['Location', evil]])],
    [
      'excInfo',
      (_r, start) => {
        start('200 OK', []);
        start('500 Oops', [['X-Error', evil]], new Error('x'));
      },
    ],
    [
      'excInfo status',
      (_r, start) => {
        start('200 OK', []);
        start(`500 ${evil}`, [], new Error('x'));
      },
    ],
    [
      'addHeader',
      (r, start) => {
        begin(start);
        r.addHeader('X-A', evil);
      },
    ],
    [
      'addHeader name',
      (r, start) => {
        begin(start);
        r.addHeader(evil, 'a');
      },
    ],
    [
      'addHeader before startResponse',
      (r, start) => {
        r.addHeader('X-A', evil);
        begin(start);
      },
    ],
    [
      'setHeader',
      (r, start) => {
        begin(start);
        r.setHeader('Content-Type', evil);
      },
    ],
    [
      'setStatus',
      (r, start) => {
        begin(start);
        r.setStatus(`200 ${evil}`);
      },
    ],
    [
      'cookie name',
      (r, start) => {
        begin(start);
        r.setCookie(evil, 'a');
      },
    ],
    [
      'cookie path',
      (r, start) => {
        begin(start);
        r.setCookie('a', 'b', { path: evil });
      },
    ],
    [
      'cookie domain',
      (r, start) => {
        begin(start);
        r.setCookie('a', 'b', { domain: evil });
      },
    ],
    [
      'cookie sameSite',
      (r, start) => {
        begin(start);
        r.setCookie('a', 'b', { sameSite: evil as 'Lax' });
      },
    ],
    [
      'cookie maxAge',
      (r, start) => {
        begin(start);
        r.setCookie('a', 'b', { maxAge: evil as never });
      },
    ],
    [
      'cookie expires',
      (r, start) => {
        begin(start);
        r.setCookie('a', 'b', { expires: { toUTCString: () => evil } as Date });
      },
    ],
    [
      'deleteCookie',
      (r, start) => {
        begin(start);
        r.deleteCookie('a', { path: evil });
      },
    ],
  ];
  test.each(ways)('is refused through %s', async (_name, inject) => {
    const serving = await serve((_environ, startResponse) => {
      inject(startResponse.response as WsgiResponse, startResponse);
      return 'content';
    });
    const client = await serving.connect();
    client.send(get() + get(ALIVE));
    const answer = await client.answer();
    expect(answer.status).toBe('500 Internal Server Error');
    expect(answer.headers.some(([name]) => name === 'X-Injected')).toBe(false);
    expect((await client.answer()).text).toBe('alive');
    await serving.log.has(/FAPWS_(HEADER|STATUS)/);
  });

  test('of cookie attributes is refused too', async () => {
    const evils: CookieOptions[] = [
      { path: '/; Domain=evil.test' },
      { domain: 'a; Secure' },
      { sameSite: 'Lax; Domain=evil.test' as 'Lax' },
      { maxAge: Number.NaN },
      { maxAge: Number.POSITIVE_INFINITY },
      { maxAge: '5; Domain=evil.test' as never },
      { expires: new Date(Number.NaN) },
      { expires: 'tomorrow' as never },
      { path: 5 as never },
    ];
    for (const options of evils) {
      const serving = await serve((_environ, startResponse) => {
        begin(startResponse);
        startResponse.response?.setCookie('a', 'b', options);
        return '';
      });
      expect((await serving.ask(get())).code, JSON.stringify(options)).toBe(500);
      await serving.log.has(/FAPWS_HEADER/);
    }
  });
});

test('an error that any client can cause is reported in one line, whatever it quotes', async () => {
  let log = '';
  const response = await call(
    () => {
      throw new RequestError(
        'FAPWS_CONTENT_MALFORMED',
        '400 Bad Request',
        'a form with\r\nfapws: GET /: \x1b[2J',
      );
    },
    '/form',
    {
      errors: {
        write: text => {
          log += text;
        },
        writelines() {},
        flush() {},
      },
    },
  );
  expect(response.statusCode).toBe(400);
  expect(log).toBe('fapws: GET /form: FAPWS_CONTENT_MALFORMED: a form with fapws: GET /:  [2J\n');
});
