// What a visitor gets: files with their headers, directories, other methods, what is not there.

import { type Application, call, type Environ } from '@fapws/core';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { staticFiles } from '../src/index.ts';
import { Opener } from '../src/opening.ts';
import { changed, changedHttp, Site, serve } from './serving.ts';

describe('a file', () => {
  test('comes with its type, its validators, and what may be done with it', async () => {
    const { ask } = bound(await serve(new Site({ 'a.html': '<p>a' })));
    const { status, headers, text } = await ask('/a.html');
    expect(status).toBe(200);
    expect(text).toBe('<p>a');
    expect(headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'content-length': '4',
      'accept-ranges': 'bytes',
      'cache-control': 'no-cache',
      'last-modified': changedHttp,
    });
    expect(headers.etag).toMatch(/^"[\w-]+"$/);
    expect(headers).not.toHaveProperty('vary');
    expect(headers).not.toHaveProperty('content-encoding');
  });

  test.each([
    ['a.css', 'text/css; charset=utf-8'],
    ['a.js', 'text/javascript; charset=utf-8'],
    ['a.mjs', 'text/javascript; charset=utf-8'],
    ['a.json', 'application/json; charset=utf-8'],
    ['a.SVG', 'image/svg+xml'],
    ['a.png', 'image/png'],
    ['a.woff2', 'font/woff2'],
    ['a.webmanifest', 'application/manifest+json; charset=utf-8'],
    ['a.mp4', 'video/mp4'],
    ['a.wasm', 'application/wasm'],
    ['a.tar.gz', 'application/gzip'],
    ['a.unknown', 'application/octet-stream'],
    ['README', 'application/octet-stream'],
    ['html', 'application/octet-stream'],
    ['a.own', 'text/x-own'],
  ])('%s is %s', async (name, type) => {
    const { ask } = bound(await serve(new Site({ [name]: 'x' }), { types: { '.own': 'text/x-own' } }));
    expect((await ask(`/${name}`)).headers['content-type']).toBe(type);
  });

  test.each([0, 1, 4096, 4097, 100_000, 1_048_576, 1_048_577, 3_000_000])(
    'of %d octets comes as it is, and HEAD equals GET',
    async size => {
      const content = Buffer.from(Array.from({ length: size }, (_, at) => (at * 31 + (at >> 8)) & 0xff));
      const { ask } = bound(await serve(new Site({ 'a.bin': content })));
      for (let round = 0; round < 2; round += 1) {
        const got = await ask('/a.bin');
        expect(got.body.equals(content)).toBe(true);
        expect(got.headers['content-length']).toBe(String(size));
        const head = await ask('/a.bin', { method: 'HEAD' });
        expect(head.status).toBe(200);
        expect(head.body.length).toBe(0);
        const { date: _, ...headers } = head.headers;
        const { date: __, ...expected } = got.headers;
        expect(headers).toEqual(expected);
      }
    },
  );

  test.each([
    ['/%C3%A4%20%E2%82%AC.txt', 'ä €.txt'],
    ['/100%25.txt', '100%.txt'],
    ['/a%23b%3Fc.txt', 'a#b?c.txt'],
    ["/'();:@&=+$,-_!~*.txt", "'();:@&=+$,-_!~*.txt"],
    ['/..a/b...txt', '..a/b...txt'],
  ])('%s is found', async (path, name) => {
    const { ask } = bound(await serve(new Site({ [name]: 'found' }), { dotfiles: 'allow' }));
    expect((await ask(path)).text).toBe('found');
    expect((await ask(`${path}?a=/../b%2Fc`)).text).toBe('found');
  });

  test('is the one at PATH_INFO, wherever it is mounted', async () => {
    const site = new Site({ 'a/b.txt': 'b' });
    const { ask } = bound(await serve(site, { prefix: '/assets' }));
    expect((await ask('/assets/a/b.txt')).text).toBe('b');
    expect((await ask('/a/b.txt')).status).toBe(404);
    const response = await call(staticFiles(site.root), '/a/b.txt');
    expect(response.text()).toBe('b');
  });

  test('of a time before the epoch, or far ahead, has no impossible date', async () => {
    const site = new Site();
    site.write('old.txt', 'x', new Date('1950-01-01T00:00:00Z'));
    site.write('new.txt', 'x', new Date(Date.now() + 86_400_000));
    const { ask } = bound(await serve(site));
    expect((await ask('/old.txt')).headers).not.toHaveProperty('last-modified');
    const { headers } = await ask('/new.txt');
    expect(Date.parse(headers['last-modified'] as string)).toBeLessThanOrEqual(
      Date.parse(headers.date as string),
    );
  });
});

describe('methods', () => {
  test.each(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])('%s is answered 405 with Allow', async method => {
    const { ask } = bound(await serve(new Site({ 'a.txt': 'a' })));
    for (const path of ['/a.txt', '/nothing']) {
      const { status, headers } = await ask(path, { method });
      expect(status).toBe(405);
      expect(headers.allow).toBe('GET, HEAD');
    }
  });

  test('go on to the application behind, if there is one', async () => {
    const { ask } = bound(await serve(new Site({ 'a.txt': 'a' }), { fallthrough: tell }));
    expect((await ask('/a.txt', { method: 'POST' })).text).toBe('POST /a.txt');
  });
});

describe('what can’t be opened', () => {
  test.each([
    ['forbidden', 403, undefined],
    ['busy', 503, '1'],
  ] as const)('%s is %d, and goes to no other application', async (absence, status, retryAfter) => {
    const open = vi.spyOn(Opener.prototype, 'open').mockResolvedValue(absence);
    onTestFinished(() => open.mockRestore());
    const { ask } = bound(await serve(new Site({ 'a.txt': 'a' }), { fallthrough: tell, spa: true }));
    const answer = await ask('/a.txt');
    expect([answer.status, answer.headers['retry-after']]).toEqual([status, retryAfter]);
    open.mockRestore();
    expect((await ask('/a.txt')).text).toBe('a');
  });

  test('for any other reason is an error that is reported', async () => {
    const error = Object.assign(new Error('the disk is gone'), { code: 'EIO' });
    const open = vi.spyOn(Opener.prototype, 'open').mockRejectedValue(error);
    onTestFinished(() => open.mockRestore());
    const serving = await serve(new Site({ 'a.txt': 'a' }), { fallthrough: tell });
    expect((await serving.ask('/a.txt')).status).toBe(500);
    expect(serving.log).toContain('the disk is gone');
  });
});

describe('what is not there', () => {
  test('is 404', async () => {
    const { ask } = bound(await serve(new Site({ 'a.txt': 'a', 'b/c.txt': 'c' })));
    for (const path of [
      '/nothing',
      '/a.txt/',
      '/a.txt/b',
      '/b/',
      '/b',
      `/${'x'.repeat(300)}`,
      `/${'x/'.repeat(2000)}`,
    ])
      expect((await ask(path)).status, path).toBe(404);
  });

  test('goes on to the application behind, if there is one', async () => {
    const { ask } = bound(await serve(new Site({ 'a.txt': 'a' }), { fallthrough: tell, prefix: '/p' }));
    for (let round = 0; round < 2; round += 1) {
      expect((await ask('/p/a.txt')).text).toBe('a');
      expect((await ask('/p/nothing?x')).text).toBe('GET /nothing');
      expect((await ask('/p/a%2Fb')).text).toBe('GET /a/b');
    }
  });

  test('a page of one’s own', async () => {
    const { ask } = bound(
      await serve(new Site(), {
        errorPage: (status, detail) => ({
          headers: [['Content-Type', 'text/x']],
          content: `${status}: ${detail}`,
        }),
      }),
    );
    const { headers, text } = await ask('/nothing');
    expect(headers['content-type']).toBe('text/x');
    expect(text).toBe('404 Not Found: There is no such file.');
  });

  test('is the page of a single-page application, if its name has no dot', async () => {
    const { ask } = bound(
      await serve(new Site({ 'index.html': 'spa', 'a.txt': 'a' }), { spa: true, fallthrough: tell }),
    );
    for (const path of ['/', '/users', '/users/', '/users/1815/posts', '/v1.2/users']) {
      const answer = await ask(path, { headers: { Accept: 'text/html' } });
      expect([answer.status, answer.text], path).toEqual([200, 'spa']);
      expect((await ask(path, { headers: { 'If-None-Match': answer.headers.etag as string } })).status).toBe(
        304,
      );
      expect((await ask(path, { method: 'HEAD' })).headers['content-length']).toBe('3');
    }
    expect((await ask('/a.txt')).text).toBe('a');
    expect((await ask('/app.js')).text).toBe('GET /app.js');
    expect((await ask('/users', { method: 'POST' })).text).toBe('POST /users');
  });

  test('a single-page application whose page is another one, or is gone', async () => {
    const { ask } = bound(await serve(new Site({ 'shell/app.html': 'app' }), { spa: 'shell/app.html' }));
    expect((await ask('/deep/link')).text).toBe('app');
    expect((await bound(await serve(new Site(), { spa: true })).ask('/deep/link')).status).toBe(404);
  });
});

describe('a directory', () => {
  const files = {
    'index.html': 'root',
    'sub/index.html': 'sub',
    'sub/deep/home.htm': 'home',
    'empty/a.txt': 'a',
  };

  test('is its index', async () => {
    const { ask } = bound(await serve(new Site(files)));
    expect((await ask('/')).text).toBe('root');
    const { text, headers } = await ask('/sub/');
    expect(text).toBe('sub');
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    expect((await ask('/sub/index.html')).headers.etag).toBe(headers.etag);
    expect((await ask('/empty/')).status).toBe(404);
  });

  test('has the index of the options, or none', async () => {
    const site = new Site(files);
    expect((await bound(await serve(site, { index: 'home.htm' })).ask('/sub/deep/')).text).toBe('home');
    expect((await bound(await serve(site, { index: false })).ask('/')).status).toBe(404);
  });

  test.each([
    ['/sub', '/sub/'],
    ['/sub?a=b%2Fc&d', '/sub/?a=b%2Fc&d'],
    ['/%73ub', '/sub/'],
  ])('%s is redirected to %s', async (path, location) => {
    for (const prefix of ['', '/mounted', '/m%20t/x']) {
      const { ask } = bound(await serve(new Site(files), { prefix: decodeURI(prefix) || '/' }));
      const { status, headers, text } = await ask(prefix + path);
      expect([status, headers.location]).toEqual([301, prefix + location]);
      expect(text).toMatch(/^301 Moved Permanently/);
      expect((await ask(headers.location as string)).text).toBe('sub');
    }
  });

  test('the mount itself is redirected, too', async () => {
    const { ask } = bound(await serve(new Site(files), { prefix: '/m' }));
    expect((await ask('/m')).headers.location).toBe('/m/');
    expect((await ask('/m/')).text).toBe('root');
  });

  test('is not redirected to where there is nothing, or if that is not wanted', async () => {
    const site = new Site(files);
    expect((await bound(await serve(site)).ask('/empty')).status).toBe(404);
    const { ask } = bound(await serve(site, { redirect: false, fallthrough: tell }));
    expect((await ask('/sub')).text).toBe('GET /sub');
    expect((await ask('/sub/')).text).toBe('sub');
  });

  test('with odd characters in its name is redirected to itself', async () => {
    const name = 'ä ?#%&\'"<>;:@=+';
    const { ask } = bound(await serve(new Site({ [`${name}/index.html`]: 'odd' })));
    const { headers } = await ask(`/${encodeURIComponent(name)}?q`);
    expect(headers.location).toBe(`/${encodeURIComponent(name)}/?q`);
    expect((await ask(headers.location as string)).text).toBe('odd');
  });
});

describe('Cache-Control', () => {
  const cacheControl = async (options: Parameters<typeof serve>[1], path = '/a.1a2b3c.js') => {
    const { ask } = bound(await serve(new Site({ 'a.1a2b3c.js': 'x', 'index.html': 'i' }), options));
    const whole = (await ask(path)).headers;
    const conditional = await ask(path, { headers: { 'If-None-Match': whole.etag as string } });
    expect(conditional.status).toBe(304);
    expect(conditional.headers['cache-control']).toBe(whole['cache-control']);
    return whole['cache-control'];
  };

  test('is no-cache, max-age, immutable by pattern or function, or left out', async () => {
    expect(await cacheControl({})).toBe('no-cache');
    expect(await cacheControl({ maxAge: 60 })).toBe('public, max-age=60');
    expect(await cacheControl({ maxAge: false })).toBeUndefined();
    const immutable = /\.[0-9a-f]{6}\.js$/g;
    expect(await cacheControl({ immutable })).toBe('public, max-age=31536000, immutable');
    expect(await cacheControl({ immutable }, '/')).toBe('no-cache');
    expect(await cacheControl({ immutable: path => path === '/index.html', maxAge: 5 }, '/')).toMatch(
      /immutable/,
    );
  });
});

describe('headers of one’s own', () => {
  test('are made from what is known of the file, add to ours or replace them', async () => {
    const seen: unknown[] = [];
    const { ask } = bound(
      await serve(new Site({ 'a.html': 'abc', 'a.html.gz': 'z' }), {
        precompressed: ['gzip'],
        headers: file => {
          seen.push(file);
          return [
            ['Content-Security-Policy', "default-src 'self'"],
            ['cache-control', 'private'],
            ['Vary', 'Origin'],
            ['Content-Language', 'en'],
            ['Set-Cookie', 'a=1'],
            ['Set-Cookie', 'b=2'],
          ];
        },
      }),
    );
    const { headers, lines } = await ask('/a.html');
    expect(headers['content-security-policy']).toBe("default-src 'self'");
    expect(headers['cache-control']).toBe('private');
    expect(headers.vary).toBe('Accept-Encoding, Origin');
    expect(headers['set-cookie']).toEqual(['a=1', 'b=2']);
    expect(lines.filter(line => line.toLowerCase() === 'cache-control')).toHaveLength(1);
    expect(seen).toContainEqual({
      path: '/a.html',
      type: 'text/html; charset=utf-8',
      size: 3,
      modified: changed,
      coding: undefined,
    });
    expect(seen).toContainEqual(expect.objectContaining({ size: 1, coding: 'gzip' }));
    const unchanged = await ask('/a.html', { headers: { 'If-None-Match': headers.etag as string } });
    expect(unchanged.status).toBe(304);
    expect(unchanged.headers).toMatchObject({
      'content-security-policy': "default-src 'self'",
      'cache-control': 'private',
      vary: 'Accept-Encoding, Origin',
      etag: headers.etag,
    });
    expect(unchanged.headers).not.toHaveProperty('content-language');
  });

  test.each([
    ['that are no list', () => 'x' as never, /gives an array/],
    ['that can’t be sent', () => [['X', 'a\r\nb']] as never, /can't carry/],
    [
      'whose making fails',
      () => {
        throw new Error('on purpose');
      },
      /on purpose/,
    ],
  ])('%s are an error that is reported', async (_, headers, message) => {
    const serving = await serve(new Site({ 'a.txt': 'a' }), { headers });
    expect((await serving.ask('/a.txt')).status).toBe(500);
    expect(serving.log).toMatch(message);
  });
});

test('a middleware’s environ is what counts', async () => {
  const site = new Site({ 'a.txt': 'a', 'b.txt': 'b' });
  const serving = await serve(site, {
    middleware: app => (environ, startResponse) => {
      const copy = { ...environ, PATH_INFO: '/b.txt' } as Environ;
      delete copy.HTTP_RANGE;
      return app(copy, (status, headers) => startResponse(status, [...headers, ['X-Own', 'yes']]));
    },
  });
  const { status, text, headers } = await serving.ask('/a.txt', { headers: { Range: 'bytes=5-' } });
  expect([status, text, headers['x-own']]).toEqual([200, 'b', 'yes']);
});

const tell: Application = ({ REQUEST_METHOD, PATH_INFO }, startResponse) => {
  startResponse('200 OK', []);
  return `${REQUEST_METHOD} ${PATH_INFO}`;
};

function bound<T extends { ask: unknown }>(serving: T): { ask: T['ask'] } {
  return { ask: (serving.ask as () => unknown).bind(serving) as T['ask'] };
}
