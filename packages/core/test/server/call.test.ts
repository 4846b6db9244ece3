// call and server.call: requests without a socket. They go through the whole protocol, so what a test sees is what a client
// would have received.

import { describe, expect, test } from 'vitest';
import { type Application, call, parseQuery } from '../../src/index.ts';
import { within } from '../loop/watched.ts';
import { gate, says, server, serving } from './serving.ts';

/** Answers with its content. */
const echo: Application = async (environ, startResponse) => {
  const content = await environ['wsgi.input'].read();
  startResponse('200 OK', [['Content-Type', environ.CONTENT_TYPE ?? 'text/plain']]);
  return [content];
};

const shows =
  (...keys: string[]): Application =>
  (environ, startResponse) => {
    startResponse('200 OK', [['Content-Type', 'application/json']]);
    return [JSON.stringify(keys.map(key => environ[key] ?? null))];
  };

describe('call', () => {
  test('GET / unless told otherwise; a string is the target', async () => {
    const application = shows(
      'REQUEST_METHOD',
      'SCRIPT_NAME',
      'PATH_INFO',
      'QUERY_STRING',
      'SERVER_PROTOCOL',
    );
    expect((await call(application)).json()).toEqual(['GET', '', '/', '', 'HTTP/1.1']);
    expect((await call(application, '/a%20b?c=d')).json()).toEqual(['GET', '', '/a b', 'c=d', 'HTTP/1.1']);
  });

  test('status, headers and content as a client gets them', async () => {
    const response = await call((_, startResponse) => {
      startResponse('201 Made', [
        ['Content-Type', 'text/plain; charset=utf-8'],
        ['Set-Cookie', 'a=1'],
        ['Set-Cookie', 'b=2'],
      ]);
      return 'grüße';
    });
    expect([response.status, response.statusCode, response.text()]).toEqual(['201 Made', 201, 'grüße']);
    expect(response.header('set-cookie')).toBe('a=1, b=2');
    expect(response.header('CONTENT-LENGTH')).toBe('7');
    expect(response.header('Nothing')).toBeUndefined();
    expect(response.headers.filter(([name]) => name === 'Set-Cookie')).toEqual([
      ['Set-Cookie', 'a=1'],
      ['Set-Cookie', 'b=2'],
    ]);
    expect(response.header('Date')).toMatch(/GMT$/);
  });

  test('headers as a record or as pairs, which may repeat', async () => {
    const application = shows('HTTP_X_ONE', 'HTTP_HOST', 'HTTP_COOKIE');
    expect((await call(application, { headers: { 'X-One': '1' } })).json()).toEqual(['1', 'localhost', null]);
    const headers: [string, string][] = [
      ['Host', 'example.org'],
      ['x-one', '1'],
      ['X-One', '2'],
      ['Cookie', 'a=1'],
      ['Cookie', 'b=2'],
    ];
    expect((await call(application, { headers })).json()).toEqual(['1, 2', 'example.org', 'a=1; b=2']);
  });

  test('an application sees no header that the test did not send, but Host and Content-Length', async () => {
    const response = await call(
      (environ, startResponse) => {
        startResponse('200 OK', []);
        return [
          Object.keys(environ)
            .filter(key => key.startsWith('HTTP_'))
            .join(),
        ];
      },
      { method: 'POST', body: 'x' },
    );
    expect(response.text()).toBe('HTTP_HOST');
  });

  test('Connection: keep-alive of a browser does not keep the test waiting', async () => {
    const response = await within(call(says('hello'), { headers: { Connection: 'keep-alive' } }), 'answered');
    expect(response.text()).toBe('hello');
  });

  test.each([0, 1, 65_536, 65_537, 5_000_000])('content of %i octets both ways', async size => {
    const body = Buffer.from(Array.from({ length: size }, (_, at) => at % 256));
    const response = await call(echo, { method: 'POST', body, headers: { 'Content-Type': 'x/y' } });
    expect(response.body.equals(body)).toBe(true);
    expect(response.header('Content-Type')).toBe('x/y');
  });

  test('content goes at the pace of the callback', async () => {
    const body = Buffer.alloc(3_000_000, 'x');
    let largest = 0;
    let octets = 0;
    const response = await call(
      async (environ, startResponse) => {
        for await (const piece of environ['wsgi.input']) {
          largest = Math.max(largest, piece.length);
          octets += piece.length;
          await new Promise(resolve => setImmediate(resolve));
        }
        startResponse('200 OK', []);
        return [String(octets)];
      },
      { method: 'PUT', body },
    );
    expect(response.text()).toBe('3000000');
    expect(largest).toBeLessThanOrEqual(65_536);
  });

  test('content as text is UTF-8, and its length that of its octets', async () => {
    const application: Application = async (environ, startResponse) => {
      const form = parseQuery(await environ['wsgi.input'].text());
      startResponse('200 OK', []);
      return [JSON.stringify([environ.CONTENT_LENGTH, form])];
    };
    const response = await call(application, { method: 'POST', body: 'name=Jürgen' });
    expect(response.json()).toEqual(['12', { name: ['Jürgen'] }]);
  });

  test('content in chunks, when the headers say so', async () => {
    const response = await call(echo, {
      method: 'POST',
      headers: { 'Transfer-Encoding': 'chunked' },
      body: '5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n',
    });
    expect(response.text()).toBe('hello world');
  });

  test('Expect: 100-continue: the interim answer is not taken for the answer', async () => {
    const response = await call(echo, { method: 'POST', headers: { Expect: '100-continue' }, body: 'x' });
    expect([response.statusCode, response.text()]).toEqual([200, 'x']);
    const refused = await call(
      (_, startResponse) => {
        startResponse('417 Expectation Failed', []);
        return [];
      },
      { method: 'POST', headers: { Expect: '100-continue' }, body: 'x' },
    );
    expect(refused.statusCode).toBe(417);
  });

  test.each([
    [
      'a generator',
      function* (_: unknown, startResponse: Parameters<Application>[1]) {
        startResponse('200 OK', []);
        yield 'one ';
        yield Buffer.from('two ');
        yield 'drei: ü';
      },
    ],
    [
      'an asynchronous generator',
      async function* (_: unknown, startResponse: Parameters<Application>[1]) {
        startResponse('200 OK', []);
        for (const piece of ['one ', 'two ', 'drei: ü']) {
          await new Promise(resolve => setImmediate(resolve));
          yield piece;
        }
      },
    ],
    [
      'write',
      async (_: unknown, startResponse: Parameters<Application>[1]) => {
        const write = startResponse('200 OK', []);
        await write('one ');
        await write('two ');
        return ['drei: ü'];
      },
    ],
  ] as [string, Application][])('streams of %s come whole', async (_, application) => {
    expect((await call(application)).text()).toBe('one two drei: ü');
  });

  test('HEAD, 204 and 304 have no content', async () => {
    const head = await call(says('hello'), { method: 'HEAD' });
    expect([head.header('Content-Length'), head.body.length]).toEqual(['5', 0]);
    for (const status of ['204 No Content', '304 Not Modified']) {
      const response = await call((_, startResponse) => {
        startResponse(status, []);
        return [];
      });
      expect([response.status, response.body.length]).toEqual([status, 0]);
    }
    const streamed = await call(
      function* (_, startResponse) {
        startResponse('200 OK', []);
        yield 'a';
        yield 'b';
      } as Application,
      { method: 'HEAD' },
    );
    expect([streamed.statusCode, streamed.body.length]).toEqual([200, 0]);
  });

  test('an application that fails answers 500, and says why where it is told to', async () => {
    let log = '';
    const errors = {
      write: (text: string) => {
        log += text;
      },
      writelines() {},
      flush() {},
    };
    const fails: Application = () => {
      throw new Error('planned');
    };
    const response = await call(fails, '/where', { errors });
    expect([response.statusCode, response.text().includes('planned')]).toEqual([500, false]);
    expect(log).toMatch(/GET \/where.*planned/);
    expect((await call(fails, '/', { errors, traceback: true })).text()).toContain('planned');
  });

  test.each([
    [
      'after some content',
      function* (_: unknown, startResponse: Parameters<Application>[1]) {
        startResponse('200 OK', []);
        yield 'one';
        yield 'two';
        throw new Error('planned');
      },
    ],
    [
      'before the length that it announced',
      function* (_: unknown, startResponse: Parameters<Application>[1]) {
        startResponse('200 OK', [['Content-Length', '100']]);
        yield 'one';
        yield 'two';
      },
    ],
  ] as [string, Application][])('an answer that breaks off %s fails the call', async (_, application) => {
    const errors = { write() {}, writelines() {}, flush() {} };
    await expect(call(application, '/', { errors })).rejects.toThrow(/cut/);
  });

  test.each(['/%', '/%zz', '/%00', '/../x', '/%C3'])(
    'the target %s is 400, and harms nobody',
    async target => {
      expect((await call(says('hello'), target)).statusCode).toBe(400);
    },
  );

  test.each(['', 'x', '/a b', 'GET'])('the target %j is 400', async target => {
    expect((await call(says('hello'), target)).statusCode).toBe(400);
  });

  test('the client has the address that the test gives it', async () => {
    const application = shows('REMOTE_ADDR', 'REMOTE_PORT');
    expect((await call(application)).json()).toEqual(['127.0.0.1', '1']);
    const remote = { address: '2001:db8::1', port: 4711 };
    expect((await call(application, { remote })).json()).toEqual(['2001:db8::1', '4711']);
  });

  test('an application may call another one, from a callback and from within a stream', async () => {
    const outer: Application = async (_, startResponse) => {
      const inner = await call(says('inner'));
      startResponse('200 OK', []);
      return (async function* () {
        yield 'outer of ';
        yield inner.text();
        yield (await call(echo, { method: 'POST', body: ' and more' })).body;
      })();
    };
    expect((await call(outer)).text()).toBe('outer of inner and more');
  });

  test('a synchronous callback may begin a call while its own request is read over a socket', async () => {
    const called = gate<string>();
    const made = await serving(it =>
      it.mount('/', (environ, startResponse) => {
        void call(says('inner')).then(response => called.open(response.text()));
        return says('outer')(environ, startResponse);
      }),
    );
    const client = await made.client();
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n');
    expect([(await client.answer()).text, (await client.answer()).text]).toEqual(['outer', 'outer']);
    expect(await called.opened).toBe('inner');
  });

  test('many calls at once keep their contents apart', async () => {
    const responses = await Promise.all(
      Array.from({ length: 100 }, (_, number) =>
        call(echo, { method: 'POST', body: `${number}:`.repeat(20_000) }),
      ),
    );
    for (const [number, response] of responses.entries()) {
      expect(response.text()).toBe(`${number}:`.repeat(20_000));
    }
  });
});

describe('server.call', () => {
  test('goes through routing, whether the server listens or not', async () => {
    const { server: made } = server();
    made.mount('/hello', says('hello')).route('GET', '/users/:id', (environ, startResponse) => {
      startResponse('200 OK', []);
      return [environ['wsgiorg.routing_args'][1].id];
    });
    for (const listens of [false, true]) {
      if (listens) await made.listen();
      expect((await made.call('/hello/x')).text()).toBe('hello');
      expect((await made.call('/users/7')).text()).toBe('7');
      expect((await made.call('/nothing')).statusCode).toBe(404);
      const refused = await made.call({ method: 'PUT', target: '/users/7' });
      expect([refused.statusCode, refused.header('Allow')]).toEqual([405, 'GET, HEAD, OPTIONS']);
      expect((await made.call({ method: 'OPTIONS', target: '*' })).statusCode).toBe(200);
      expect((await made.call({ method: 'NONE' })).statusCode).toBe(501);
      expect((await made.call('/%zz')).statusCode).toBe(400);
    }
  });

  test('keeps to the limits of the server', async () => {
    const { server: made } = server({ limits: { content: 10 } });
    made.mount('/', echo);
    expect((await made.call({ method: 'POST', body: 'x'.repeat(10) })).statusCode).toBe(200);
    expect((await made.call({ method: 'POST', body: 'x'.repeat(11) })).statusCode).toBe(413);
  });

  test('has the base of the server', async () => {
    const { server: made } = server();
    made.base({ ident: 'mine/1', errorPage: status => ({ headers: [], content: `page: ${status}` }) });
    const response = await made.call('/nothing');
    expect([response.header('Server'), response.text()]).toEqual(['mine/1', 'page: 404 Not Found']);
  });

  test('of itself, from a callback', async () => {
    const made = await serving(it =>
      it.mount('/inner', says('inner')).mount('/outer', async (environ, startResponse) => {
        const inner = await it.call('/inner');
        return says(`outer of ${inner.text()}`)(environ, startResponse);
      }),
    );
    expect((await (await made.client()).get('/outer')).text).toBe('outer of inner');
    expect((await made.server.call('/outer')).text()).toBe('outer of inner');
  });
});
