// The environ: clauses B and L of docs/contract.md.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { type Application, type Environ, LazyEnviron, type Middleware } from '../../src/index.ts';
import { get, post, type ServeOptions, serve } from './support.ts';

const folder = mkdtempSync(join(tmpdir(), 'fapws-contract-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** What an application sees of a request. */
async function environOf<T>(
  request: string | Uint8Array,
  look: (environ: Environ) => T | Promise<T>,
  options: ServeOptions = {},
): Promise<T> {
  let seen: { value: T } | undefined;
  const serving = await serve(async (environ, startResponse) => {
    seen = { value: await look(environ) };
    startResponse('200 OK', []);
    return 'x';
  }, options);
  const answer = await serving.ask(request);
  if (seen === undefined) throw new Error(`not called: ${answer.status}, ${serving.log.text}`);
  return seen.value;
}

const copy = (environ: Environ): Environ => ({ ...environ });

describe('the keys', () => {
  test('B1: The CGI keys are there: method, script, path, query, type, length, server, port, protocol.', async () => {
    const environ = await environOf(
      post('a=1', ['Content-Type: text/x', 'X-Own: y'], '/caf%C3%A9/%E2%82%AC%20x?q=%20a+b&q=2'),
      copy,
    );
    expect(environ).toMatchObject({
      REQUEST_METHOD: 'POST',
      SCRIPT_NAME: '',
      PATH_INFO: '/café/€ x',
      QUERY_STRING: 'q=%20a+b&q=2',
      CONTENT_TYPE: 'text/x',
      CONTENT_LENGTH: '3',
      SERVER_NAME: '127.0.0.1',
      SERVER_PROTOCOL: 'HTTP/1.1',
      REQUEST_URI: '/caf%C3%A9/%E2%82%AC%20x?q=%20a+b&q=2',
      HTTP_HOST: 'example.test',
      HTTP_X_OWN: 'y',
    });
    expect(environ.SERVER_PORT).toMatch(/^[1-9]\d*$/);
    const bare = await environOf(get('/', { version: '1.0' }), copy);
    expect(bare).toMatchObject({ QUERY_STRING: '', SERVER_PROTOCOL: 'HTTP/1.0', PATH_INFO: '/' });
    expect(Object.keys(bare).filter(key => key.startsWith('HTTP_'))).toEqual([]);
  });

  test('B1: The CGI keys are there: method, script, path, query, type, length, server, port, protocol. (mounted)', async () => {
    const seen: string[] = [];
    const application: Application = (environ, startResponse) => {
      seen.push(`${environ.SCRIPT_NAME}|${environ.PATH_INFO}`);
      startResponse('200 OK', []);
      return '';
    };
    const serving = await serve(application, {
      set: server => server.mount('/app', application).route('GET', '/user/:name', application),
    });
    for (const target of ['/', '/app', '/app/', '/app/x%2Fy/', '/appx', '/user/a%20b', '//x']) {
      await serving.ask(get(target));
    }
    expect(seen).toEqual(['|/', '/app|', '/app|/', '/app|/x/y/', '|/appx', '|/user/a b', '|//x']);
  });

  test('B1: The CGI keys are there: method, script, path, query, type, length, server, port, protocol. (unix socket)', async () => {
    const address = { path: join(folder, 'environ.sock') };
    const look = (environ: Environ): unknown[] => [
      environ.SERVER_NAME,
      environ.SERVER_PORT,
      environ.REMOTE_ADDR,
      environ.REMOTE_PORT,
    ];
    for (const [host, name, port] of [
      ['example.test', 'example.test', '80'],
      ['example.test:8080', 'example.test', '8080'],
      ['[::1]:81', '[::1]', '81'],
      ['[2001:db8::1]', '[2001:db8::1]', '80'],
      ['example.test:', 'example.test', '80'],
    ]) {
      const request = `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
      expect(await environOf(request, look, { address })).toEqual([name, port, '', '']);
      rmSync(address.path, { force: true });
      address.path = join(folder, `environ-${Math.random()}.sock`);
    }
    expect(await environOf('GET / HTTP/1.0\r\n\r\n', look, { address })).toEqual(['localhost', '80', '', '']);
  });

  test('B2: `HTTP_*` is there exactly when the header is.', async () => {
    await environOf(get('/', { headers: ['X-Empty:', 'Accept: */*', 'X.Dot: 1'] }), environ => {
      expect(environ.HTTP_X_EMPTY).toBe('');
      expect('HTTP_X_EMPTY' in environ).toBe(true);
      expect(environ['HTTP_X.DOT']).toBe('1');
      for (const key of [
        'HTTP_X_OTHER',
        'HTTP_',
        'HTTP_accept',
        'HTTP_Accept',
        'HTTP_X-EMPTY',
        'http_accept',
        'Accept',
      ]) {
        expect(environ[key], key).toBeUndefined();
        expect(key in environ, key).toBe(false);
      }
      expect(
        Object.keys(environ)
          .filter(key => key.startsWith('HTTP_'))
          .sort(),
      ).toEqual(['HTTP_ACCEPT', 'HTTP_HOST', 'HTTP_X.DOT', 'HTTP_X_EMPTY']);
    });
  });

  test('B3: The values of CGI keys are strings; header values have one code point per octet, PATH_INFO is decoded text.', async () => {
    const environ = await environOf(
      Buffer.from(get('/%C3%A9', { headers: ['X-Octets: \xc3\xa9\xff'] }), 'latin1'),
      copy,
    );
    expect(environ.HTTP_X_OCTETS).toBe('\xc3\xa9\xff');
    expect(environ.PATH_INFO).toBe('/é');
    for (const [key, value] of Object.entries(environ)) {
      if (!key.includes('.')) expect(typeof value, key).toBe('string');
    }
  });

  test('B4: What the request does not have is left out.', async () => {
    await environOf(get(), environ => {
      for (const key of [
        'CONTENT_TYPE',
        'CONTENT_LENGTH',
        'REMOTE_USER',
        'AUTH_TYPE',
        'HTTPS',
        'PATH_TRANSLATED',
      ]) {
        expect(environ[key]).toBeUndefined();
        expect(key in environ).toBe(false);
        expect(Object.keys(environ)).not.toContain(key);
      }
    });
  });

  test('B5: The client’s address and port are there.', async () => {
    const serving = await serve((environ, startResponse) => {
      startResponse('200 OK', []);
      return `${environ.REMOTE_ADDR} ${environ.REMOTE_PORT}`;
    });
    const client = await serving.connect();
    client.send(get());
    expect((await client.answer()).text).toBe(`127.0.0.1 ${client.socket.localPort}`);
  });

  test('B7: The `wsgi.*` keys are there, and tell the truth.', async () => {
    await environOf(get(), environ => {
      expect(environ['wsgi.version']).toEqual([1, 0]);
      expect(Object.isFrozen(environ['wsgi.version'])).toBe(true);
      expect(environ['wsgi.url_scheme']).toBe('http');
      expect(typeof environ['wsgi.input'].read).toBe('function');
      expect(typeof environ['wsgi.errors'].write).toBe('function');
      expect(environ['wsgi.multithread']).toBe(false);
      expect(environ['wsgi.multiprocess']).toBe(false);
      expect(environ['wsgi.run_once']).toBe(false);
      expect(environ['wsgi.input_terminated']).toBe(true);
      expect(environ['wsgi.input']).toBe(environ['wsgi.input']);
      expect(environ['wsgiorg.routing_args']).toEqual([[], {}]);
    });
    expect(
      await environOf(get(), environ => environ['wsgi.multiprocess'], { base: { multiprocess: true } }),
    ).toBe(true);
  });

  test('B8: What is our own is in lower case under `fapws.`; what others defined has their name.', async () => {
    const keys = Object.keys(await environOf(get(), copy));
    for (const key of keys) {
      expect(key).toMatch(/^(?:[A-Z][A-Z_]*|HTTP_.*|wsgi\.[a-z_]+|wsgiorg\.[a-z_]+|fapws\.[a-z_]+)$/);
    }
  });

  test('B9: Whoever runs the server can add keys to every environ.', async () => {
    class WithRegion extends LazyEnviron {
      override lookup(key: string): unknown {
        return key === 'my.region' ? 'eu-west' : super.lookup(key);
      }
      override names(): string[] {
        return [...super.names(), 'my.region'];
      }
    }
    const environ = await environOf(get(), copy, { base: { Environ: WithRegion } });
    expect(environ['my.region']).toBe('eu-west');
  });

  test('B10: Header lines of one name are joined by a comma, those of Cookie by a semicolon.', async () => {
    const headers = [
      'X-A: 1',
      'Cookie: a=1',
      'x-a:  2 ',
      'COOKIE: b=2',
      'X-a:',
      'Accept: text/html',
      'accept: */*',
    ];
    await environOf(get('/', { headers }), environ => {
      expect(environ.HTTP_X_A).toBe('1, 2, ');
      expect(environ.HTTP_COOKIE).toBe('a=1; b=2');
      expect(environ.HTTP_ACCEPT).toBe('text/html, */*');
      expect(environ['fapws.headers']).toEqual([
        ['Host', 'example.test'],
        ['X-A', '1'],
        ['Cookie', 'a=1'],
        ['x-a', '2'],
        ['COOKIE', 'b=2'],
        ['X-a', ''],
        ['Accept', 'text/html'],
        ['accept', '*/*'],
      ]);
    });
  });

  test('B11: A header with an underscore in its name can’t pass for another one; `Proxy` is never shown.', async () => {
    const headers = ['X_Forwarded_For: 1.2.3.4', 'Proxy: http://evil.test', 'Content_Length: 5', 'X-Real: 1'];
    await environOf(get('/', { headers }), environ => {
      expect(environ.HTTP_X_FORWARDED_FOR).toBeUndefined();
      expect(environ.HTTP_PROXY).toBeUndefined();
      expect(environ.CONTENT_LENGTH).toBeUndefined();
      expect(Object.keys(environ).filter(key => key.startsWith('HTTP_'))).toEqual([
        'HTTP_HOST',
        'HTTP_X_REAL',
      ]);
    });
    const both = ['X_Real: evil', 'X-Real: good', 'x_real: evil'];
    expect(await environOf(get('/', { headers: both }), environ => environ.HTTP_X_REAL)).toBe('good');
  });

  test('B12: CONTENT_TYPE and CONTENT_LENGTH have no second name.', async () => {
    await environOf(post('abc', ['Content-Type: text/x']), environ => {
      expect([environ.CONTENT_TYPE, environ.CONTENT_LENGTH]).toEqual(['text/x', '3']);
      expect([environ.HTTP_CONTENT_TYPE, environ.HTTP_CONTENT_LENGTH]).toEqual([undefined, undefined]);
      expect('HTTP_CONTENT_TYPE' in environ).toBe(false);
    });
  });

  test('B13: HTTP_HOST is the authority of the target where that has one (absolute-form), else the Host header.', async () => {
    const request = 'GET http://target.test:81/path?q HTTP/1.1\r\nHost: TARGET.test:81\r\n\r\n';
    expect(
      await environOf(request, environ => [
        environ.HTTP_HOST,
        environ.PATH_INFO,
        environ.QUERY_STRING,
        environ.REQUEST_URI,
      ]),
    ).toEqual(['target.test:81', '/path', 'q', 'http://target.test:81/path?q']);
    expect(await environOf(get(), environ => environ.HTTP_HOST)).toBe('example.test');
  });

  test('B14: `fapws.params` has every name of the query with all its values; no name means anything but itself.', async () => {
    const target = '/?a=1&b=x+y%20z&a=2&empty=&bare&%C3%A9=%E2%82%AC&__proto__=p&constructor=c&=noname';
    await environOf(get(target), environ => {
      const params = environ['fapws.params'];
      expect(Object.entries(params)).toEqual([
        ['a', ['1', '2']],
        ['b', ['x y z']],
        ['empty', ['']],
        ['bare', ['']],
        ['é', ['€']],
        ['__proto__', ['p']],
        ['constructor', ['c']],
        ['', ['noname']],
      ]);
      expect(environ['fapws.params']).toBe(params);
      expect(({} as Record<string, unknown>)['p']).toBeUndefined();
    });
  });

  test('B15: `wsgiorg.routing_args` has the parameters of the route by name.', async () => {
    let seen: unknown;
    const serving = await serve(null, {
      set: server =>
        server.route('GET', '/user/:name/*rest', (environ, startResponse) => {
          seen = environ['wsgiorg.routing_args'];
          expect(environ['wsgiorg.routing_args']).toBe(seen);
          startResponse('200 OK', []);
          return '';
        }),
    });
    await serving.ask(get('/user/ann%20b/x/y'));
    expect(seen).toEqual([[], { name: 'ann b', rest: 'x/y' }]);
  });

  test('B16: `fapws.raw_header` is the head as it was sent, up to its last value.', async () => {
    const head = 'GET /%41?q HTTP/1.1\r\nhOst: example.test\r\nX-Raw:   two  blanks\r\n\r\n';
    const raw = await environOf(head, environ => environ['fapws.raw_header']);
    expect(head.startsWith(raw)).toBe(true);
    expect(raw).toContain('X-Raw:   two  blanks');
  });
});

describe('the record', () => {
  test('L1: A key is computed when it is read; what is not read is not built.', async () => {
    const looked: string[] = [];
    const built: string[] = [];
    class Spying extends LazyEnviron {
      override lookup(key: string): unknown {
        looked.push(key);
        return super.lookup(key);
      }
      override names(): string[] {
        looked.push('names');
        return super.names();
      }
      override get input(): LazyEnviron['input'] {
        built.push('input');
        return super.input;
      }
      override get parameters(): LazyEnviron['parameters'] {
        built.push('parameters');
        return super.parameters;
      }
      override get routingArguments(): LazyEnviron['routingArguments'] {
        built.push('routingArguments');
        return super.routingArguments;
      }
      override get headerLines(): LazyEnviron['headerLines'] {
        built.push('headerLines');
        return super.headerLines;
      }
    }
    const Original = globalThis.AbortController;
    let controllers = 0;
    globalThis.AbortController = class extends Original {
      constructor() {
        super();
        controllers += 1;
      }
    };
    try {
      const request = post('content', ['X-A: 1', 'X-B: 2'], '/path?a=1');
      await environOf(request, () => {}, { base: { Environ: Spying } });
      expect([looked, built, controllers]).toEqual([[], [], 0]);

      await environOf(request, environ => [environ.PATH_INFO, environ.HTTP_X_A], {
        base: { Environ: Spying },
      });
      expect([looked.splice(0), built, controllers]).toEqual([['PATH_INFO', 'HTTP_X_A'], [], 0]);

      // What is read is built once.
      const keys = ['wsgi.input', 'fapws.params', 'wsgiorg.routing_args', 'fapws.signal'];
      const look = (environ: Environ): boolean =>
        keys.map(key => environ[key]).every((value, at) => value === environ[keys[at] as string]);
      expect(await environOf(request, look, { base: { Environ: Spying } })).toBe(true);
      expect([...new Set(built)]).toEqual(['input', 'parameters', 'routingArguments']);
      expect(controllers).toBe(1);
    } finally {
      globalThis.AbortController = Original;
    }
  });

  test('L2: Assignment replaces a key, `delete` removes it, and enumeration shows what there is.', async () => {
    await environOf(get('/x?y', { headers: ['X-A: 1'] }), environ => {
      environ.PATH_INFO = '/changed';
      environ.HTTP_X_NEW = 'new';
      environ['my.object'] = { any: 'thing' };
      delete (environ as Record<string, unknown>)['HTTP_X_A'];
      delete (environ as Record<string, unknown>)['QUERY_STRING'];
      delete (environ as Record<string, unknown>)['never.there'];
      expect(environ.PATH_INFO).toBe('/changed');
      expect(environ.HTTP_X_A).toBeUndefined();
      expect('HTTP_X_A' in environ).toBe(false);
      expect('QUERY_STRING' in environ).toBe(false);
      expect('my.object' in environ).toBe(true);
      expect(Object.hasOwn(environ, 'my.object')).toBe(true);

      const keys = Object.keys(environ);
      expect(new Set(keys).size).toBe(keys.length);
      expect(keys).toEqual(
        expect.arrayContaining(['PATH_INFO', 'HTTP_X_NEW', 'my.object', 'REQUEST_METHOD']),
      );
      expect(keys).not.toContain('HTTP_X_A');
      expect(keys).not.toContain('QUERY_STRING');
      expect(keys).not.toContain('never.there');
      const listed: string[] = [];
      for (const key in environ) listed.push(key);
      expect(listed).toEqual(keys);
      const spread = { ...environ };
      expect(Object.keys(spread)).toEqual(keys);
      expect(Object.entries(environ).map(([key]) => key)).toEqual(keys);
      const json = JSON.parse(JSON.stringify(environ)) as Record<string, unknown>;
      expect(json).toMatchObject({ PATH_INFO: '/changed', HTTP_X_NEW: 'new', 'my.object': { any: 'thing' } });
      Object.assign(environ, { REQUEST_METHOD: 'PUT', 'my.other': 1 });
      expect([environ.REQUEST_METHOD, environ['my.other']]).toEqual(['PUT', 1]);
      environ.HTTP_X_A = 'back';
      expect(Object.keys(environ)).toContain('HTTP_X_A');
    });
  });

  test('L3: `Object.defineProperty` with a value assigns; what an environ can’t do throws and breaks nothing.', async () => {
    await environOf(get(), environ => {
      Object.defineProperty(environ, 'my.key', {
        value: 1,
        enumerable: true,
        configurable: true,
        writable: true,
      });
      expect(environ['my.key']).toBe(1);
      expect(Object.keys(environ)).toContain('my.key');
      expect(() => Object.defineProperty(environ, 'my.getter', { get: () => 1 })).toThrow(TypeError);
      expect(() => Object.freeze(environ)).toThrow(TypeError);
      expect(() => Object.seal(environ)).toThrow(TypeError);
      expect(() => Object.setPrototypeOf(environ, { polluted: 1 })).toThrow(TypeError);
      expect(() => {
        (environ as unknown as Record<symbol, unknown>)[Symbol('s')] = 1;
      }).toThrow(TypeError);
      expect(environ['polluted']).toBeUndefined();
      expect(Object.keys(environ)).toContain('REQUEST_METHOD');
      expect(Object.getOwnPropertyDescriptor(environ, 'REQUEST_METHOD')).toEqual({
        value: 'GET',
        writable: true,
        enumerable: true,
        configurable: true,
      });
      expect(Object.getOwnPropertyDescriptor(environ, 'never.there')).toBeUndefined();
    });
  });

  test('L4: No key and no header means anything but itself.', async () => {
    const headers = [
      '__proto__: p',
      'constructor: c',
      'toString: t',
      'prototype: x',
      'hasOwnProperty: h',
      'then: t',
    ];
    await environOf(get('/', { headers }), environ => {
      for (const key of [
        '__proto__',
        'constructor',
        'toString',
        'valueOf',
        'hasOwnProperty',
        'then',
        'toJSON',
        '__defineGetter__',
      ]) {
        expect(environ[key], key).toBeUndefined();
        expect(key in environ, key).toBe(false);
      }
      expect(environ['HTTP_CONSTRUCTOR']).toBe('c');
      // An underscore in a name hides the header, as any other one.
      expect(environ['HTTP___PROTO__']).toBeUndefined();
      const proto = '__proto__';
      environ[proto] = { polluted: 'yes' };
      (environ as Record<string, unknown>)['constructor'] = 'mine';
      expect(environ['polluted']).toBeUndefined();
      expect(environ['constructor']).toBe('mine');
      expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
      expect(Object.keys(environ)).toContain('__proto__');
      const spread = { ...environ } as Record<string, unknown>;
      expect(Object.hasOwn(spread, '__proto__')).toBe(true);
    });
  });

  test('L5: `console.log(environ)` shows the keys.', async () => {
    const { inspect } = await import('node:util');
    await environOf(get('/shown', { headers: ['X-Shown: yes'] }), environ => {
      environ['my.key'] = 'mine';
      const shown = inspect(environ, { compact: false, depth: 0 });
      for (const part of [
        "PATH_INFO: '/shown'",
        "HTTP_X_SHOWN: 'yes'",
        "'my.key': 'mine'",
        "'wsgi.url_scheme': 'http'",
      ]) {
        expect(shown).toContain(part);
      }
    });
  });

  test('L6: What a middleware changes, the inner application sees; a copy is a plain record of its own.', async () => {
    const seen: unknown[] = [];
    const inner: Application = (environ, startResponse) => {
      seen.push(environ.PATH_INFO, environ.SCRIPT_NAME, environ['my.user'], environ.HTTP_X_A);
      environ['my.user'] = 'changed inside';
      startResponse('200 OK', []);
      return '';
    };
    const outer: Middleware = application => (environ, startResponse) => {
      environ['my.user'] = 'ann';
      environ.SCRIPT_NAME = '/outer';
      const copied = { ...environ, PATH_INFO: '/copied' };
      const result = application(copied, startResponse);
      seen.push(environ.PATH_INFO, environ['my.user']);
      return result;
    };
    const serving = await serve(outer(inner));
    await serving.ask(get('/path', { headers: ['X-A: 1'] }));
    expect(seen).toEqual(['/copied', '/outer', 'ann', '1', '/path', 'ann']);
  });

  test('L7: Keys can be read at any time, also when the answer is complete and the next request is being served.', async () => {
    const environs: Environ[] = [];
    const serving = await serve((environ, startResponse) => {
      environs.push(environ);
      startResponse('200 OK', []);
      return '';
    });
    const client = await serving.connect();
    client.send(get('/1?a', { headers: ['X-N: one'] }) + get('/22?bb', { headers: ['X-N: two'] }));
    await client.answer();
    await client.answer();
    expect(environs.map(e => [e.PATH_INFO, e.QUERY_STRING, e.HTTP_X_N, e['fapws.params']])).toEqual([
      ['/1', 'a', 'one', { a: [''] }],
      ['/22', 'bb', 'two', { bb: [''] }],
    ]);
  });
});
