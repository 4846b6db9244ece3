// Which application a request reaches, what it is told of its path, and what the server answers itself.

import { describe, expect, test } from 'vitest';
import type { Application, Server } from '../../src/index.ts';
import { says, serving } from './serving.ts';

/** Answers with what it is told of the path. */
const shows =
  (name: string): Application =>
  (environ, startResponse) => {
    startResponse('200 OK', [['Content-Type', 'application/json']]);
    return [
      JSON.stringify([
        name,
        environ.SCRIPT_NAME,
        environ.PATH_INFO,
        environ.QUERY_STRING,
        environ.REQUEST_URI,
        environ['wsgiorg.routing_args'][1],
      ]),
    ];
  };

function links(server: Server): void {
  server
    .mount('/api', shows('api'))
    .mount('/api/rest', shows('rest'))
    .mount('/café', shows('café'))
    .route('GET', '/users/:id', shows('user'))
    .route(['POST', 'DELETE'], '/users/:id', shows('change'))
    .route('GET', '/files/*path', shows('file'))
    .route('*', '/any', shows('any'))
    .route('GET', '/api/route', shows('route'));
}

describe('paths', () => {
  test.each([
    ['/api', ['api', '/api', '', '']],
    ['/api/', ['api', '/api', '/', '']],
    ['/api/x?a=b?c', ['api', '/api', '/x', 'a=b?c']],
    ['/api/rest', ['rest', '/api/rest', '', '']],
    ['/api/rest/x/', ['rest', '/api/rest', '/x/', '']],
    ['/api/restful', ['api', '/api', '/restful', '']],
    ['/api/route', ['route', '', '/api/route', '']],
    ['/api//x', ['api', '/api', '//x', '']],
    ['/api/./x/../y', ['api', '/api', '/y', '']],
    ['/%61pi/%7ex+y%20z', ['api', '/api', '/~x+y z', '']],
    ['/api/a%2Fb', ['api', '/api', '/a/b', '']],
    ['/caf%C3%A9/cr%C3%A8me', ['café', '/café', '/crème', '']],
    ['/api?%zz', ['api', '/api', '', '%zz']],
  ])('%s', async (target, expected) => {
    const made = await serving(links);
    const answer = await (await made.client()).get(target);
    expect(answer.code).toBe(200);
    expect(JSON.parse(answer.text)).toEqual([...expected, target, {}]);
  });

  test.each([
    ['/users/7', { id: '7' }],
    ['/users/a%2Fb', { id: 'a/b' }],
    ['/users/J%C3%BCrgen?x', { id: 'Jürgen' }],
    ['/files/', { path: '' }],
    ['/files/a/b/c', { path: 'a/b/c' }],
  ])('parameters of %s', async (target, expected) => {
    const made = await serving(links);
    expect(JSON.parse((await (await made.client()).get(target)).text).at(-1)).toEqual(expected);
  });

  test.each([
    '/%',
    '/%zz',
    '/%00',
    '/%C3',
    '/%0d%0aSet-Cookie:x',
    '/../etc/passwd',
    '/api/../../x',
    '/api/a%2F..%2Fb',
  ])('%s is 400, and no application sees it', async target => {
    let called = false;
    const made = await serving(it =>
      it.mount('/', () => {
        called = true;
        return '';
      }),
    );
    const answer = await (await made.client()).get(target);
    expect(answer.code).toBe(400);
    expect(called).toBe(false);
  });

  test.each(['http://localhost/api/x?q', 'HTTP://localhost:80/api/x?q', 'http://[::1]:8080/api/x?q'])(
    'the absolute form %s reaches what its path does',
    async target => {
      const made = await serving(links);
      const host = new URL(target).host;
      const answer = await (await made.client()).get(target, { Host: host });
      expect(JSON.parse(answer.text)).toEqual(['api', '/api', '/x', 'q', target, {}]);
    },
  );

  test('the absolute form without a path is the root, and its host counts', async () => {
    const made = await serving(it =>
      it.mount('/', (environ, startResponse) => {
        startResponse('200 OK', [['Content-Type', 'text/plain']]);
        return [`${environ.PATH_INFO} ${environ.HTTP_HOST}`];
      }),
    );
    const answer = await (await made.client()).get('http://example.org:81', { Host: 'EXAMPLE.org:81' });
    expect(answer.text).toBe('/ example.org:81');
  });

  test('an https target is misdirected', async () => {
    const made = await serving(links);
    expect((await (await made.client()).get('https://localhost/api')).code).toBe(421);
  });

  test("'' and '/' mount everything", async () => {
    for (const prefix of ['', '/']) {
      const made = await serving(it => it.mount(prefix, shows('all')));
      const client = await made.client();
      expect(JSON.parse((await client.get('/')).text).slice(0, 3)).toEqual(['all', '', '/']);
      expect(JSON.parse((await client.get('/a/b')).text).slice(0, 3)).toEqual(['all', '', '/a/b']);
    }
  });
});

describe('what is not there', () => {
  test('404, as plain text that shows nothing of the request', async () => {
    const made = await serving(links);
    const answer = await (await made.client()).get('/nothing/<script>'.replace(/[<>]/g, ''));
    expect([answer.code, answer.header('Content-Type')]).toEqual([404, 'text/plain; charset=utf-8']);
    expect(answer.text).toMatch(/^404 Not Found\n/);
    expect(answer.text).not.toContain('script');
  });

  test('the connection goes on', async () => {
    const made = await serving(links);
    const client = await made.client();
    expect((await client.get('/nothing')).code).toBe(404);
    expect((await client.get('/api')).code).toBe(200);
  });

  test('goes to the fallback, with the whole path', async () => {
    const made = await serving(it => {
      links(it);
      it.fallback(shows('fallback'));
    });
    const client = await made.client();
    expect(JSON.parse((await client.get('/no%20thing?x')).text)).toEqual([
      'fallback',
      '',
      '/no thing',
      'x',
      '/no%20thing?x',
      {},
    ]);
    client.request('PUT', '/users/1');
    expect((await client.answer()).code, 'methods that a path lacks never reach it').toBe(405);
    expect((await client.get('/%zz')).code, 'nor do bad paths').toBe(400);
  });

  test('may be linked while the server runs', async () => {
    const made = await serving(() => {});
    const client = await made.client();
    expect((await client.get('/late')).code).toBe(404);
    made.server.mount('/late', says('now'));
    expect((await client.get('/late')).text).toBe('now');
  });
});

describe('methods', () => {
  test('a path that has others: 405 with Allow', async () => {
    const made = await serving(links);
    const client = await made.client();
    client.request('PUT', '/users/7');
    const answer = await client.answer();
    expect([answer.code, answer.header('Allow')]).toEqual([405, 'DELETE, GET, HEAD, OPTIONS, POST']);
    expect((await client.get('/api')).code).toBe(200);
  });

  test('OPTIONS of a route: 200 with Allow and no content', async () => {
    const made = await serving(links);
    const client = await made.client();
    client.request('OPTIONS', '/users/7');
    const answer = await client.answer();
    expect([answer.code, answer.header('Allow'), answer.header('Content-Length')]).toEqual([
      200,
      'DELETE, GET, HEAD, OPTIONS, POST',
      '0',
    ]);
  });

  test('OPTIONS of a mount and of a route for all methods reaches the application', async () => {
    const made = await serving(links);
    const client = await made.client();
    for (const [target, name] of [
      ['/api/x', 'api'],
      ['/any', 'any'],
    ] as const) {
      client.request('OPTIONS', target);
      expect(JSON.parse((await client.answer()).text)[0]).toBe(name);
    }
  });

  test('OPTIONS * is the server itself', async () => {
    const made = await serving(it => {
      links(it);
      it.fallback(shows('fallback'));
    });
    const client = await made.client();
    client.request('OPTIONS', '*');
    const answer = await client.answer();
    expect([answer.code, answer.text]).toEqual([200, '']);
    expect(answer.header('Allow')).toBe('GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, QUERY');
    client.request('GET', '*');
    expect((await client.answer()).code).toBe(400);
  });

  test('OPTIONS where nothing is: 200 with the methods of the server, as in Fapws3; with a fallback, the fallback', async () => {
    const made = await serving(links);
    const client = await made.client();
    client.request('OPTIONS', '/nothing');
    const answer = await client.answer();
    expect([answer.code, answer.header('Allow')?.startsWith('GET, ')]).toEqual([200, true]);
    made.server.fallback(shows('fallback'));
    client.request('OPTIONS', '/nothing');
    expect(JSON.parse((await client.answer()).text)[0]).toBe('fallback');
  });

  test('HEAD is served by GET, without content and with its length', async () => {
    const made = await serving(links);
    const client = await made.client();
    const get = await client.get('/users/7');
    client.request('HEAD', '/users/7');
    const head = await client.answer('HEAD');
    expect([head.code, head.header('Content-Length'), head.text]).toEqual([200, String(get.body.length), '']);
    client.request('HEAD', '/nothing');
    const nothing = await client.answer('HEAD');
    expect([nothing.code, nothing.text]).toEqual([404, '']);
    expect((await client.get('/users/7')).code).toBe(200);
  });

  test.each(['TRACE', 'PROPFIND', 'PURGE', 'LINK'])('%s, which the base does not list: 501', async method => {
    const made = await serving(links);
    const client = await made.client();
    client.request(method, '/api');
    expect((await client.answer()).code).toBe(501);
  });

  test.each(['GIT', 'get', 'Get', 'GETX', 'BREW'])('%s, which nobody knows: 501', async method => {
    const made = await serving(links);
    const client = await made.client();
    client.request(method, '/api');
    const answer = await client.answer();
    expect([answer.code, answer.header('Connection')]).toEqual([501, 'close']);
  });

  test('CONNECT is 501', async () => {
    const made = await serving(links);
    const client = await made.client();
    client.send('CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n');
    expect((await client.answer()).code).toBe(501);
  });

  test('a route may name a method that the base does not list', async () => {
    const made = await serving(it => {
      links(it);
      it.route('PROPFIND', '/dav', shows('dav'));
    });
    const client = await made.client();
    client.request('PROPFIND', '/dav');
    expect(JSON.parse((await client.answer()).text)[0]).toBe('dav');
    client.request('PROPFIND', '/users/7');
    expect((await client.answer()).code).toBe(405);
    client.request('PURGE', '/dav');
    expect((await client.answer()).code).toBe(501);
  });

  test('the list of methods can be replaced', async () => {
    const made = await serving(it => {
      links(it);
      it.base({ methods: ['GET', 'HEAD', 'TRACE'] });
    });
    const client = await made.client();
    client.request('TRACE', '/api');
    expect((await client.answer()).code).toBe(200);
    client.request('PATCH', '/api');
    expect((await client.answer()).code).toBe(501);
  });
});
