// What a user writes without a cast, and what the compiler stops. Checked by `typecheck`; run for the sake of its values.

import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { describe, expectTypeOf, test } from 'vitest';
import {
  type Application,
  type CallResponse,
  type Chunk,
  call,
  type Environ,
  FileResult,
  type Input,
  type Middleware,
  type PathParameters,
  type Result,
  type StartResponse,
  start,
  type Write,
} from '../../src/index.ts';

const server = start('127.0.0.1', 0);

describe('an application', () => {
  test('can be synchronous, asynchronous or a generator, with or without a result', () => {
    const applications: Application[] = [
      (_environ, startResponse) => {
        startResponse('200 OK', [['Content-Type', 'text/plain']]);
        return ['Hello World!!'];
      },
      async (_environ, startResponse) => {
        startResponse('200 OK', []);
        return 'later';
      },
      function* (_environ, startResponse) {
        startResponse('200 OK', []);
        yield 'a';
        yield null;
        yield new Uint8Array(1);
      },
      async function* (_environ, startResponse) {
        startResponse('200 OK', []);
        yield 'a';
      },
      (_environ, startResponse) => {
        startResponse('204 No Content', []);
      },
      async (_environ, startResponse) => {
        startResponse('204 No Content', []);
      },
      (_environ, startResponse) => void startResponse('204 No Content', []),
      () => null,
      () => Buffer.from('x'),
      () => ['a', Buffer.from('b')] as const,
      () => new Set(['a']),
      () => Readable.from(['a']),
      environ => environ['wsgi.file_wrapper'](createReadStream('/dev/null')),
      () => new FileResult(createReadStream('/dev/null')),
      () => (Math.random() < 2 ? 'sync' : Promise.resolve('async')),
    ];
    expectTypeOf(applications).toEqualTypeOf<Application[]>();
  });

  test('can be declared as a function', () => {
    function hello(_environ: Environ, startResponse: StartResponse): string[] {
      startResponse('200 OK', []);
      return ['x'];
    }
    function* pieces(_environ: Environ, startResponse: StartResponse): Generator<string> {
      startResponse('200 OK', []);
      yield 'x';
    }
    async function* stream(): AsyncGenerator<Uint8Array> {
      yield new Uint8Array();
    }
    for (const application of [hello, pieces, stream]) expectTypeOf(application).toExtend<Application>();
    server.mount('/hello', hello).mount('/pieces', pieces).fallback(stream);
  });

  test('can’t return or yield what is no content', () => {
    // @ts-expect-error a number is no result
    const number: Application = () => 5;
    // @ts-expect-error an object is no result
    const object: Application = () => ({ status: 200 });
    // @ts-expect-error numbers are no content
    const numbers: Application = () => [1, 2];
    // @ts-expect-error a piece is no number
    const pieces: Application = function* () {
      yield 5;
    };
    // @ts-expect-error a method name is no application
    const mount = (): unknown => server.mount('/x', 'hello');
    void [number, object, numbers, pieces, mount];
  });

  test('starts its answer with a status and pairs', () => {
    const application: Application = (_environ, startResponse) => {
      expectTypeOf(startResponse('200 OK', [])).toEqualTypeOf<Write>();
      expectTypeOf<ReturnType<Write>>().toEqualTypeOf<Promise<void> | undefined>();
      const constant = [['Content-Type', 'text/plain']] as const;
      startResponse('200 OK', constant);
      const list: [string, string][] = [['a', 'b']];
      startResponse('200 OK', list, new Error('why'));
      startResponse.response?.addHeader('X-A', 'b');
      // @ts-expect-error the response is not there behind a middleware that replaced startResponse
      startResponse.response.addHeader('X-A', 'b');
      // @ts-expect-error headers are pairs, not a record
      startResponse('200 OK', { 'Content-Type': 'text/plain' });
      // @ts-expect-error a value is a string
      startResponse('200 OK', [['Content-Length', 5]]);
      // @ts-expect-error a status is a string
      startResponse(200, []);
    };
    expectTypeOf(application).toEqualTypeOf<Application>();
  });
});

describe('an environ', () => {
  test('has typed keys, and takes any other', () => {
    const application: Application = environ => {
      expectTypeOf(environ.REQUEST_METHOD).toEqualTypeOf<string>();
      expectTypeOf(environ.CONTENT_TYPE).toEqualTypeOf<string | undefined>();
      expectTypeOf(environ.HTTP_USER_AGENT).toEqualTypeOf<string | undefined>();
      expectTypeOf(environ['wsgi.input']).toEqualTypeOf<Input>();
      expectTypeOf(environ['fapws.signal']).toEqualTypeOf<AbortSignal>();
      expectTypeOf(environ['fapws.params']).toEqualTypeOf<Record<string, string[]>>();
      expectTypeOf(environ['app.user']).toEqualTypeOf<unknown>();
      environ['app.user'] = { name: 'ann' };
      environ.PATH_INFO = '/rewritten';
      environ['wsgi.url_scheme'] = 'https';
      // @ts-expect-error a scheme is http or https
      environ['wsgi.url_scheme'] = 'HTTP';
      // @ts-expect-error a path is a string
      environ.PATH_INFO = 5;
    };
    expectTypeOf(application).toEqualTypeOf<Application>();
  });

  test('of a route knows the parameters of its pattern', () => {
    server.route('GET', '/users/:id/posts/*rest', environ => {
      const [positional, named] = environ['wsgiorg.routing_args'];
      expectTypeOf(positional).toEqualTypeOf<readonly string[]>();
      expectTypeOf(named.id).toEqualTypeOf<string>();
      expectTypeOf(named.rest).toEqualTypeOf<string>();
      // @ts-expect-error there is no such parameter
      void named.other;
    });
    server.route(['GET', 'POST'], '/plain', hello);
    function hello(environ: Environ): string {
      return environ.PATH_INFO;
    }
    expectTypeOf<keyof PathParameters<'/a/:b/*c'>>().toEqualTypeOf<'b' | 'c'>();
    const pattern: string = '/made/up';
    server.route('GET', pattern, environ => {
      expectTypeOf(environ['wsgiorg.routing_args'][1]).toExtend<Record<string, string>>();
    });
  });
});

describe('a middleware', () => {
  test('is a function of functions, and may replace startResponse by an arrow function', () => {
    const log: Middleware = application => (environ, startResponse) =>
      application(environ, (status, headers, excInfo) => {
        expectTypeOf(status).toEqualTypeOf<string>();
        return startResponse(status, [...headers, ['X-Logged', '1']], excInfo);
      });
    const timed: Middleware = application => async (environ, startResponse) => {
      const result = await application({ ...environ, 'app.started': Date.now() }, startResponse);
      expectTypeOf(result).toEqualTypeOf<Result>();
      return result;
    };
    const upper: Middleware = application =>
      async function* (environ, startResponse) {
        const result = await application(environ, startResponse);
        if (typeof result === 'string') yield result.toUpperCase();
        else if (result instanceof Uint8Array) yield result;
        else if (result) yield* result;
      };
    server.mount('/wrapped', log(timed(upper(() => 'x'))));
    expectTypeOf(log(() => 'x')).toEqualTypeOf<Application>();
  });

  test('can have options', () => {
    const header =
      (name: string, value: string): Middleware =>
      application =>
      (environ, startResponse) =>
        application(environ, (status, headers, excInfo) =>
          startResponse(status, [...headers, [name, value]], excInfo),
        );
    expectTypeOf(header('X-A', '1')(() => 'x')).toEqualTypeOf<Application>();
  });
});

test('call gives an answer', () => {
  expectTypeOf(call).returns.resolves.toEqualTypeOf<CallResponse>();
  expectTypeOf<Chunk>().toEqualTypeOf<string | Uint8Array>();
});
