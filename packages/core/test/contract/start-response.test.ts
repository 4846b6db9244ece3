// startResponse and what it refuses: clauses E, J and N of docs/contract.md.

import { describe, expect, test } from 'vitest';
import type { Application, Headers, Middleware, StartResponse } from '../../src/index.ts';
import { deferred, get, serve } from './support.ts';

describe('startResponse', () => {
  test('E1: The head is sent with the first content that is not empty, by the first `write`, or at the end.', async () => {
    const gate = deferred();
    const serving = await serve(async function* (_environ, startResponse) {
      startResponse('200 OK', [['X-Version', 'first']]);
      yield '';
      // Nothing was sent: the answer can still become another one.
      startResponse('503 Service Unavailable', [['X-Version', 'second']], new Error('changed its mind'));
      yield '';
      await gate.promise;
      yield 'content';
    } as Application);
    const client = await serving.connect();
    client.send(get());
    await serving.alive();
    expect(client.received).toHaveLength(0);
    gate.resolve();
    const answer = await client.answer();
    expect(answer.status).toBe('503 Service Unavailable');
    expect(answer.header('x-version')).toBe('second');

    const hold = deferred<string>();
    const writing = await serve((_environ, startResponse) => {
      const write = startResponse('200 OK', [['X-By', 'write']]);
      write('');
      write('now');
      return hold.promise;
    });
    const other = await writing.connect();
    other.send(get());
    await other.until('the head', () => other.received.includes('X-By: write'));
    hold.resolve('');
    expect((await other.answer()).text).toBe('now');
  });

  test('E2: A second call without `excInfo` is an error, also when the first one failed.', async () => {
    const codes: unknown[] = [];
    const serving = await serve((_environ, startResponse) => {
      try {
        startResponse('200 OK\r\n', []);
      } catch (error) {
        codes.push((error as { code: string }).code);
      }
      try {
        startResponse('200 OK', []);
      } catch (error) {
        codes.push((error as { code: string }).code);
        throw error;
      }
      return 'never';
    });
    expect((await serving.ask(get())).code).toBe(500);
    expect(codes).toEqual(['FAPWS_STATUS', 'FAPWS_STARTED_TWICE']);
    await serving.log.has(/startResponse was called twice/);

    for (const nothing of [undefined, null]) {
      const twice = await serve((_environ, startResponse) => {
        startResponse('200 OK', []);
        startResponse('201 Created', [], nothing);
        return 'never';
      });
      expect((await twice.ask(get())).code).toBe(500);
    }
  });

  test('E3: With `excInfo` the answer is begun anew; when content was given already, `excInfo` is thrown.', async () => {
    const replaced = await serve((_environ, startResponse) => {
      startResponse('200 OK', [['Set-Cookie', 'a=1']]);
      startResponse('500 Sorry', [['X-New', '1']], new Error('why'));
      return 'sorry';
    });
    const answer = await replaced.ask(get());
    expect(answer.status).toBe('500 Sorry');
    expect(answer.text).toBe('sorry');
    expect(answer.header('set-cookie')).toBeUndefined();
    expect(replaced.log.text).toBe('');

    const why = new Error('the true reason');
    const caught: unknown[] = [];
    const attempt = (startResponse: StartResponse): void => {
      try {
        startResponse('500 Sorry', [], why);
      } catch (error) {
        caught.push(error);
        throw error;
      }
    };
    const late: [Application, string][] = [
      [
        (_environ, startResponse) => {
          startResponse('200 OK', [])('written');
          attempt(startResponse);
          return 'never';
        },
        'cut',
      ],
      [
        async function* (_environ, startResponse) {
          startResponse('200 OK', []);
          yield 'yielded';
          attempt(startResponse);
        } as Application,
        'cut',
      ],
      [
        // Nothing of this left yet, but it was given: the head cannot be taken back. The client can still be told.
        function* (_environ, startResponse) {
          startResponse('200 OK', []);
          yield 'yielded';
          attempt(startResponse);
        },
        '500 Internal Server Error',
      ],
    ];
    for (const [application, outcome] of late) {
      const serving = await serve(application);
      const client = await serving.connect();
      client.send(get());
      const got = await client.answer().catch(() => null);
      if (outcome === 'cut') expect(got?.whole ?? false).toBe(false);
      else expect(got?.status).toBe(outcome);
      await serving.log.has(/the true reason/);
    }
    expect(caught).toEqual([why, why, why]);
  });

  test('E4: `excInfo` is not kept.', async () => {
    const setFlags = (await import('node:v8')).setFlagsFromString;
    setFlags('--expose-gc');
    const collect = (await import('node:vm')).runInNewContext('gc') as () => void;
    let reference: WeakRef<Error> | undefined;
    const gate = deferred();
    const serving = await serve((_environ, startResponse) => {
      startResponse('200 OK', []);
      const error = new Error('short-lived');
      reference = new WeakRef(error);
      startResponse('500 Sorry', [], error);
      return gate.promise.then(() => 'sorry');
    });
    const client = await serving.connect();
    client.send(get());
    await serving.alive();
    for (let round = 0; round < 50 && reference?.deref() !== undefined; round += 1) {
      await new Promise(resolve => setImmediate(resolve));
      collect();
    }
    expect(reference?.deref()).toBeUndefined();
    gate.resolve();
    expect((await client.answer()).text).toBe('sorry');
  });

  const badStatuses: unknown[] = [
    '200',
    'OK',
    '',
    ' 200 OK',
    '20 OK',
    '2000 OK',
    '200OK',
    '100 Continue',
    '101 Switching Protocols',
    '199 x',
    '200 OK\r\nX-Injected: 1',
    '200 OK\n',
    '200 O\rK',
    '200 O\0K',
    '200 \x7f',
    '200 €',
    200,
    null,
    undefined,
    {},
    ['200 OK'],
    10n,
  ];
  const badHeaders: [string, unknown][] = [
    ['a record', { 'Content-Type': 'text/plain' }],
    ['a Map', new Map([['a', 'b']])],
    ['null', null],
    ['undefined', undefined],
    ['a string', 'X-A: b'],
    ['a list of strings', ['ab', 'cd']],
    ['a flat list', ['X-Name', 'value']],
    ['a pair too short', [['X-A']]],
    ['a pair too long', [['X-A', 'b', 'c']]],
    ['a hole', [undefined, ['a', 'b']]],
    ['false for a pair', [false]],
    ['an object for a pair', [{ 0: 'X-A', 1: 'b', length: 2 }]],
    ['a number as value', [['X-Number', 5]]],
    ['null as value', [['X-Null', null]]],
    ['undefined as value', [['X-Undefined', undefined]]],
    ['a list as value', [['X-List', ['a', 'b']]]],
    ['a String object as value', [['X-Object', Object('boxed')]]],
    ['a number as name', [[5, 'x']]],
    ['a symbol as name', [[Symbol('x'), 'x']]],
    ...[
      '',
      ' ',
      'X Y',
      'X:',
      ':X',
      'X\r\n',
      'X\nY',
      'X\0',
      'Ü',
      'X\tY',
      'X(Y)',
      'X"Y',
      'X/Y',
      'X@Y',
      'X[Y]',
      '\x7f',
    ].map((name): [string, unknown] => [`${JSON.stringify(name)} as name`, [[name, 'x']]]),
    ...[
      'a\r\nX-Injected: 1',
      'a\rb',
      'a\nb',
      'a\0b',
      '\x7f',
      '\x1b[0m',
      '€',
      'a\u{1f41d}',
      '\u010a',
      '\u560a',
    ].map((value): [string, unknown] => [`${JSON.stringify(value)} as value`, [['X-Value', value]]]),
  ];

  test.each(badStatuses)(
    'E5: Status and headers are checked when they are given. (status %s)',
    async status => {
      await refused([status, []], 'FAPWS_STATUS');
    },
  );

  test.each(badHeaders)(
    'E5: Status and headers are checked when they are given. (%s)',
    async (_name, headers) => {
      await refused(['200 OK', headers], 'FAPWS_HEADER');
    },
  );

  test('E5: Status and headers are checked when they are given. (what is good passes)', async () => {
    const headers: Headers = [
      ['x', ''],
      ["!#$%&'*+-.^_`|~09azAZ", 'tab\there'],
      ['X-Latin', 'caf\xe9'],
      ['Set-Cookie', 'a=1'],
      ['set-cookie', 'b=2'],
    ];
    for (const status of ['200 OK', '299 Odd', '404 Not Found', '599 x', '200 ', '200 caf\xe9', '200 a  b']) {
      const serving = await serve((_environ, startResponse) => {
        startResponse(status, headers);
        return 'x';
      });
      const answer = await serving.ask(get());
      expect(answer.status).toBe(status);
      expect(answer.headers.slice(0, headers.length)).toEqual(headers);
    }
  });

  const hopByHop = [
    'Connection',
    'Keep-Alive',
    'Proxy-Authenticate',
    'Proxy-Authorization',
    'TE',
    'Trailer',
    'Trailers',
    'Transfer-Encoding',
    'Upgrade',
    'Proxy-Connection',
    'cOnNeCtIoN',
    'transfer-encoding',
  ];
  test.each(hopByHop)('E6: Hop-by-hop headers are refused. (%s)', async name => {
    await refused(
      [
        '200 OK',
        [
          ['X-Fine', '1'],
          [name, 'close'],
        ],
      ],
      'FAPWS_HOP_BY_HOP',
    );
  });

  /** The call fails with the code, and the client sees nothing of what was refused. */
  async function refused(start: unknown[], code: string): Promise<void> {
    let caught: unknown;
    const serving = await serve((_environ, startResponse) => {
      try {
        startResponse(...(start as Parameters<StartResponse>));
      } catch (error) {
        caught = error;
        throw error;
      }
      return 'never';
    });
    const client = await serving.connect();
    client.send(get());
    const answer = await client.answer();
    expect(caught).toMatchObject({ name: 'ContractError', code });
    expect(answer.status).toBe('500 Internal Server Error');
    expect(answer.headers.map(([name]) => name).sort()).toEqual([
      'Content-Length',
      'Content-Type',
      'Date',
      'Server',
      'X-Content-Type-Options',
    ]);
    await serving.log.has(new RegExp(code));
    await serving.alive();
  }

  test('E7: `Date` and `Server` are added where they are missing; names are compared in any case.', async () => {
    const own = await serve((_environ, startResponse) => {
      startResponse('200 OK', [
        ['dAtE', 'Thu, 01 Jan 1970 00:00:00 GMT'],
        ['SERVER', 'mine'],
        ['content-LENGTH', '1'],
      ]);
      return 'x';
    });
    const answer = await own.ask(get());
    expect(answer.header('date')).toBe('Thu, 01 Jan 1970 00:00:00 GMT');
    expect(answer.header('server')).toBe('mine');
    expect(answer.header('content-length')).toBe('1');

    const plain = await serve((_environ, startResponse) => {
      startResponse('200 OK', []);
      return 'x';
    });
    const other = await plain.ask(get());
    expect(Math.abs(Date.parse(other.header('date') ?? '') - Date.now())).toBeLessThan(5000);
    expect(other.header('date')).toMatch(/^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/);
    expect(other.header('server')).toBe('fapws');
    // A type is the application's to say.
    expect(other.header('content-type')).toBeUndefined();
  });

  test('E8: Headers are sent in their order, repeated ones as often as they were given.', async () => {
    const headers: Headers = [
      ['Set-Cookie', 'a=1'],
      ['X-Between', '1'],
      ['Set-Cookie', 'b=2'],
      ['Vary', 'Accept'],
      ['vary', 'Cookie'],
    ];
    const serving = await serve((_environ, startResponse) => {
      startResponse('200 OK', headers);
      return 'x';
    });
    const client = await serving.connect();
    client.send(get() + get());
    for (let round = 0; round < 2; round += 1) {
      expect((await client.answer()).headers.slice(0, 5)).toEqual(headers);
    }
  });

  test('E9: What the caller does to its array of headers afterwards changes nothing.', async () => {
    const headers: [string, string][] = [['X-A', '1']];
    const serving = await serve((_environ, startResponse) => {
      startResponse('200 OK', headers);
      headers.push(['Connection', 'close'], ['X-B\r\n', '2']);
      (headers[0] as [string, string])[1] = 'changed\r\nX-Injected: 1';
      return 'x';
    });
    const answer = await serving.ask(get());
    expect(answer.header('x-a')).toBe('1');
    expect(answer.header('connection')).toBeUndefined();
    expect(answer.header('x-injected')).toBeUndefined();
  });
});

describe('extensions', () => {
  test('J1: What goes beyond PEP 3333 is reached through `environ` and `startResponse`, so a middleware that replaces them takes it away.', async () => {
    const seen: unknown[] = [];
    const hiding: Middleware = application => (environ, startResponse) => {
      environ['fapws.signal'] = 'replaced' as never;
      return application(environ, (status, headers, excInfo) => startResponse(status, headers, excInfo));
    };
    const application: Application = (environ, startResponse) => {
      seen.push(startResponse.response !== undefined, typeof environ['fapws.signal']);
      startResponse('200 OK', []);
      return 'x';
    };
    const serving = await serve(application, { set: server => server.mount('/hidden', hiding(application)) });
    expect((await serving.ask(get('/'))).text).toBe('x');
    expect((await serving.ask(get('/hidden'))).text).toBe('x');
    expect(seen).toEqual([true, 'object', false, 'string']);
  });

  test('J2: `startResponse.response` can change the answer until its head is out.', async () => {
    const serving = await serve((_environ, startResponse) => {
      const { response } = startResponse;
      if (response === undefined) throw new Error('absent');
      expect([response.status, response.statusCode, response.sent]).toEqual(['', 0, false]);
      response.addHeader('X-Before', '1');
      const write = startResponse('200 OK', [
        ['X-A', 'a'],
        ['x-a', 'b'],
      ]);
      response.addHeader('X-After', '2');
      response.setHeader('X-a', 'c');
      response.setCookie('k', 'v', { httpOnly: true, sameSite: 'Lax' });
      response.removeHeader('x-AFTER');
      response.setStatus('201 Created');
      expect([response.status, response.statusCode, response.sent]).toEqual(['201 Created', 201, false]);
      expect(response.header('x-A')).toBe('c');
      write('content');
      expect(response.sent).toBe(true);
      for (const change of [
        () => response.addHeader('X-Late', '1'),
        () => response.setHeader('X-Late', '1'),
        () => response.removeHeader('X-Before'),
        () => response.setStatus('500 Late'),
        () => response.setCookie('late', '1'),
        () => response.deleteCookie('late'),
      ]) {
        expect(change).toThrow(expect.objectContaining({ code: 'FAPWS_ANSWERED' }));
      }
      return '';
    });
    const answer = await serving.ask(get());
    expect(answer.status).toBe('201 Created');
    expect(answer.headers.slice(0, 3)).toEqual([
      ['X-Before', '1'],
      ['X-a', 'c'],
      ['Set-Cookie', 'k=v; Path=/; HttpOnly; SameSite=Lax'],
    ]);
    expect(serving.log.text).toBe('');
  });

  test('J3: A callback may leave out `startResponse` and set the status of `startResponse.response`.', async () => {
    const serving = await serve((_environ, { response }) => {
      response?.addHeader('X-Before', '1');
      response?.setStatus('202 Accepted');
      response?.addHeader('X-After', '2');
      return 'x';
    });
    const answer = await serving.ask(get());
    expect(answer.status).toBe('202 Accepted');
    expect([answer.header('x-before'), answer.header('x-after')]).toEqual(['1', '2']);
  });
});

describe('framing', () => {
  test('N1: An answer to HEAD, and one with 204, 205 or 304, has no content, whatever is returned.', async () => {
    for (const [method, status] of [
      ['HEAD', '200 OK'],
      ['GET', '204 No Content'],
      ['GET', '205 Reset Content'],
      ['GET', '304 Not Modified'],
      ['HEAD', '204 No Content'],
    ] as const) {
      for (const result of [() => 'content', () => ['a', 'b'], () => new Set(['a', 'b']), () => null]) {
        for (const headers of [[], [['Content-Length', '2']]] as Headers[]) {
          const serving = await serve((_environ, startResponse) => {
            startResponse(status, headers);
            return result();
          });
          const client = await serving.connect();
          client.send(get('/', { method }) + get('/still-alive'));
          const answer = await client.answer({ head: method === 'HEAD' });
          expect(answer.status).toBe(status);
          expect(answer.body).toHaveLength(0);
          if (status.startsWith('204')) expect(answer.header('content-length')).toBeUndefined();
          if (status.startsWith('205')) expect(answer.header('content-length')).toBe('0');
          if (!status.startsWith('200')) expect(answer.header('transfer-encoding')).toBeUndefined();
          expect((await client.answer()).text).toBe('alive');
        }
      }
    }
  });

  test('N2: HEAD is answered as GET would be: same status, same headers.', async () => {
    for (const result of [() => 'content', () => ['a', 'bc'], () => new Set(['a', 'b'])]) {
      const serving = await serve((_environ, startResponse) => {
        startResponse('200 OK', [
          ['X-Own', '1'],
          ['Date', 'x'],
        ]);
        return result();
      });
      const toGet = await serving.ask(get());
      const toHead = await serving.ask(get('/', { method: 'HEAD' }), { head: true });
      expect(toHead.headers).toEqual(toGet.headers);
      expect(toHead.statusLine).toBe(toGet.statusLine);
    }
  });
});
