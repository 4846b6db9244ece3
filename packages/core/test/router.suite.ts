// What every router must do, whatever its insides: the conformance suite of the interface in src/router/types.ts.
// A router's test calls it with a factory; it asks through the interface only.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Match, Router } from '../src/router/types.ts';
import { ReferenceRouter } from './router-reference.ts';

type Routes = readonly (readonly [methods: string | readonly string[], pattern: string])[];

export function routerSuite(name: string, create: () => Router<unknown>): void {
  /** A router with routes and mounts whose values are their own patterns. */
  function linked(routes: Routes, mounts: readonly string[] = []): Router<unknown> {
    const router = create();
    for (const [methods, pattern] of routes) router.route(methods, pattern, pattern);
    for (const prefix of mounts) router.mount(prefix, prefix);
    return router;
  }

  describe(`${name} as a router`, () => {
    describe('mounts', () => {
      test('a mount takes its prefix and what is below it, for every method', () => {
        const router = linked([], ['/api/rest']);
        for (const method of ['GET', 'POST', 'BREW', '']) {
          expect(router.find(method, '/api/rest')).toMatchObject({ kind: 'mount', value: '/api/rest' });
          expect(router.find(method, '/api/rest/x')).toMatchObject({ kind: 'mount', value: '/api/rest' });
        }
      });

      test('a mount takes whole segments only', () => {
        const router = linked([], ['/api/rest']);
        for (const path of [
          '/api/restful',
          '/api/res',
          '/api',
          '/',
          '/API/REST',
          '//api/rest',
          '/x/api/rest',
        ]) {
          expect(router.find('GET', path)).toMatchObject({ kind: 'not-found', pathInfo: path });
        }
      });

      test('the longest prefix wins, in whatever order the mounts were registered', () => {
        const prefixes = ['/', '/a', '/a/b', '/a/b/c', '/a/bc'];
        for (const order of [prefixes, prefixes.toReversed()]) {
          const router = linked([], order);
          expect(router.find('GET', '/a/b/c/d')).toMatchObject({
            value: '/a/b/c',
            scriptName: '/a/b/c',
            pathInfo: '/d',
          });
          expect(router.find('GET', '/a/b/cd')).toMatchObject({
            value: '/a/b',
            scriptName: '/a/b',
            pathInfo: '/cd',
          });
          expect(router.find('GET', '/a/bc')).toMatchObject({
            value: '/a/bc',
            scriptName: '/a/bc',
            pathInfo: '',
          });
          expect(router.find('GET', '/ab')).toMatchObject({ value: '/', scriptName: '', pathInfo: '/ab' });
        }
      });

      test('the path is divided between SCRIPT_NAME and PATH_INFO', () => {
        const router = linked([], ['/api']);
        expect(router.find('GET', '/api')).toMatchObject({ scriptName: '/api', pathInfo: '' });
        expect(router.find('GET', '/api/')).toMatchObject({ scriptName: '/api', pathInfo: '/' });
        expect(router.find('GET', '/api//x/')).toMatchObject({ scriptName: '/api', pathInfo: '//x/' });
      });

      test.each(['', '/'])('a mount at %j takes everything and has an empty SCRIPT_NAME', prefix => {
        const router = linked([], [prefix]);
        expect(router.find('GET', '/')).toMatchObject({
          kind: 'mount',
          value: prefix,
          scriptName: '',
          pathInfo: '/',
        });
        expect(router.find('GET', '')).toMatchObject({ kind: 'mount', scriptName: '', pathInfo: '/' });
        expect(router.find('GET', '/a/b')).toMatchObject({ kind: 'mount', scriptName: '', pathInfo: '/a/b' });
      });

      test('the trailing slash of a prefix is dropped', () => {
        const router = linked([], ['/api/']);
        expect(router.find('GET', '/api')).toMatchObject({ scriptName: '/api', pathInfo: '' });
        expect(router.find('GET', '/api/x')).toMatchObject({ scriptName: '/api', pathInfo: '/x' });
      });

      test('SCRIPT_NAME and PATH_INFO are decoded', () => {
        const router = linked([], ['/café']);
        const match = router.find('GET', '/caf%C3%A9/cr%c3%a8me%20br%c3%bbl%C3%A9e');
        expect(match).toMatchObject({ kind: 'mount', scriptName: '/café', pathInfo: '/crème brûlée' });
      });

      test('an encoded slash never completes a prefix', () => {
        const router = linked([], ['/a/b']);
        expect(router.find('GET', '/a%2Fb')).toMatchObject({ kind: 'not-found' });
        expect(router.find('GET', '/a/b%2Fc')).toMatchObject({ kind: 'not-found' });
        expect(router.find('GET', '/a/b/c%2Fd')).toMatchObject({ scriptName: '/a/b', pathInfo: '/c/d' });
      });
    });

    describe('routes', () => {
      test('a static route takes exactly its path', () => {
        const router = linked([
          ['GET', '/a'],
          ['GET', '/b/'],
          ['GET', '/'],
        ]);
        expect(router.find('GET', '/a')).toMatchObject({
          kind: 'route',
          value: '/a',
          scriptName: '',
          pathInfo: '/a',
        });
        expect(router.find('GET', '/b/')).toMatchObject({ kind: 'route', value: '/b/', pathInfo: '/b/' });
        expect(router.find('GET', '/')).toMatchObject({ kind: 'route', value: '/' });
        for (const path of ['/a/', '/b', '//', '//a', '/a//', '/A', '/ab']) {
          expect(router.find('GET', path)).toMatchObject({ kind: 'not-found' });
        }
      });

      test('the empty path is the root', () => {
        expect(linked([['GET', '/']]).find('GET', '')).toMatchObject({
          kind: 'route',
          value: '/',
          pathInfo: '/',
        });
      });

      test('":name" takes one non-empty segment', () => {
        const router = linked([
          ['GET', '/users/:id'],
          ['GET', '/users/:id/posts/:post'],
        ]);
        expect(parametersOf(router.find('GET', '/users/7'))).toEqual({ id: '7' });
        expect(parametersOf(router.find('GET', '/users/7/posts/8'))).toEqual({ id: '7', post: '8' });
        for (const path of ['/users/', '/users', '/users/7/', '/users//posts/8', '/users/7/posts/']) {
          expect(router.find('GET', path)).toMatchObject({ kind: 'not-found' });
        }
      });

      test('"*name" takes the rest, which may be empty, but not the path without the slash', () => {
        const router = linked([['GET', '/files/*path']]);
        expect(parametersOf(router.find('GET', '/files/'))).toEqual({ path: '' });
        expect(parametersOf(router.find('GET', '/files/a'))).toEqual({ path: 'a' });
        expect(parametersOf(router.find('GET', '/files/a//b/'))).toEqual({ path: 'a//b/' });
        expect(router.find('GET', '/files')).toMatchObject({ kind: 'not-found' });
      });

      test('"*name" at the root takes everything', () => {
        const router = linked([['GET', '/*all']]);
        expect(parametersOf(router.find('GET', ''))).toEqual({ all: '' });
        expect(parametersOf(router.find('GET', '/a/b'))).toEqual({ all: 'a/b' });
      });

      test('parameters are decoded once, and an encoded slash stays inside its segment', () => {
        const router = linked([
          ['GET', '/a/b'],
          ['GET', '/:one'],
          ['GET', '/:one/:two'],
          ['GET', '/rest/*rest'],
        ]);
        expect(parametersOf(router.find('GET', '/a%2Fb'))).toEqual({ one: 'a/b' });
        expect(parametersOf(router.find('GET', '/a%2fb/%252F'))).toEqual({ one: 'a/b', two: '%2F' });
        expect(parametersOf(router.find('GET', '/rest/a%2Fb/c'))).toEqual({ rest: 'a/b/c' });
        expect(parametersOf(router.find('GET', '/%E2%82%AC'))).toEqual({ one: '€' });
        expect(parametersOf(router.find('GET', '/%F0%9F%90%9D'))).toEqual({ one: '🐝' });
        expect(router.find('GET', '/a%2Fb')).toMatchObject({ pathInfo: '/a/b' });
      });

      test('patterns are written decoded and match every spelling of the path', () => {
        const router = linked([
          ['GET', '/café'],
          ['GET', '/100%'],
          ['GET', '/a b/~x'],
          ['GET', '/.well-known/:x'],
        ]);
        for (const path of ['/caf%C3%A9', '/caf%c3%a9', '/%63af%C3%A9']) {
          expect(router.find('GET', path)).toMatchObject({ value: '/café' });
        }
        expect(router.find('GET', '/100%25')).toMatchObject({ value: '/100%' });
        expect(router.find('GET', '/a%20b/%7Ex')).toMatchObject({ value: '/a b/~x' });
        expect(parametersOf(router.find('GET', '/.well-known/acme'))).toEqual({ x: 'acme' });
        expect(parametersOf(router.find('GET', '/%2Ewell-known/acme'))).toEqual({ x: 'acme' });
      });

      test('routes that share beginnings do not disturb each other', () => {
        const patterns = [
          '/',
          '/u',
          '/us',
          '/user',
          '/users',
          '/users/',
          '/users/a',
          '/userx',
          '/ü',
          '/üb',
          '/v:1',
        ];
        const router = linked(patterns.map(pattern => ['GET', pattern] as const));
        for (const pattern of patterns)
          expect(router.find('GET', encodeURI(pattern))).toMatchObject({ value: pattern });
        for (const path of ['/use', '/users/ab', '/usera', '/%C3', '/v']) {
          expect(router.find('GET', path)).not.toMatchObject({ kind: 'route' });
        }
      });
    });

    describe('methods', () => {
      test('a route may have one method, several, or all', () => {
        const router = linked([
          ['GET', '/one'],
          [['PUT', 'DELETE'], '/two'],
          ['*', '/all'],
        ]);
        expect(router.find('GET', '/one')).toMatchObject({ kind: 'route' });
        expect(router.find('PUT', '/two')).toMatchObject({ kind: 'route' });
        expect(router.find('DELETE', '/two')).toMatchObject({ kind: 'route' });
        for (const method of ['GET', 'HEAD', 'OPTIONS', 'BREW', '*', '']) {
          expect(router.find(method, '/all')).toMatchObject({ kind: 'route', value: '/all' });
        }
      });

      test('methods are case-sensitive', () => {
        expect(linked([['GET', '/a']]).find('get', '/a')).toMatchObject({ kind: 'method-not-allowed' });
      });

      test('HEAD is served by GET, unless HEAD has a route', () => {
        const router = create();
        router.route('GET', '/a', 'get');
        router.route('*', '/a', 'any');
        router.route('GET', '/b', 'get');
        router.route('HEAD', '/b', 'head');
        expect(router.find('HEAD', '/a')).toMatchObject({ kind: 'route', value: 'get' });
        expect(router.find('HEAD', '/b')).toMatchObject({ kind: 'route', value: 'head' });
        expect(router.find('GET', '/b')).toMatchObject({ kind: 'route', value: 'get' });
      });

      test("a method's own route goes before that for all methods", () => {
        const router = create();
        router.route('*', '/a/:x', 'any');
        router.route('POST', '/a/:y', 'post');
        expect(router.find('POST', '/a/1')).toMatchObject({ value: 'post', params: { y: '1' } });
        expect(router.find('PUT', '/a/1')).toMatchObject({ value: 'any', params: { x: '1' } });
      });

      test('405 lists the methods of all routes that match the path, with the implied ones, sorted', () => {
        const router = linked([
          ['POST', '/users/new'],
          [['GET', 'DELETE'], '/users/:id'],
          ['PUT', '/users/*rest'],
          ['PATCH', '/a'],
        ]);
        expect(router.find('BREW', '/users/new')).toMatchObject({
          kind: 'method-not-allowed',
          pathInfo: '/users/new',
          allow: ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'POST', 'PUT'],
        });
        expect(router.find('OPTIONS', '/a')).toMatchObject({
          kind: 'method-not-allowed',
          allow: ['OPTIONS', 'PATCH'],
        });
      });

      test('what one lookup refused is forgotten in the next', () => {
        const router = linked([
          ['POST', '/a'],
          ['GET', '/b'],
        ]);
        router.find('GET', '/a');
        expect(router.find('GET', '/c')).toMatchObject({ kind: 'not-found' });
        router.find('GET', '/a');
        expect(router.find('POST', '/b')).toMatchObject({ allow: ['GET', 'HEAD', 'OPTIONS'] });
      });
    });

    describe('precedence', () => {
      const routes = [
        ['GET', '/:a/*b'],
        ['GET', '/:a/:b'],
        ['GET', '/:a/x'],
        ['GET', '/x/*b'],
        ['GET', '/x/:b'],
        ['GET', '/x/x'],
      ] as const;

      test.each([routes, routes.toReversed()])(
        'static goes before ":name" before "*name", from the left',
        (...order) => {
          const router = linked(order);
          expect(router.find('GET', '/x/x')).toMatchObject({ value: '/x/x' });
          expect(router.find('GET', '/x/y')).toMatchObject({ value: '/x/:b' });
          expect(router.find('GET', '/x/y/z')).toMatchObject({ value: '/x/*b' });
          expect(router.find('GET', '/y/x')).toMatchObject({ value: '/:a/x' });
          expect(router.find('GET', '/y/y')).toMatchObject({ value: '/:a/:b' });
          expect(router.find('GET', '/y/')).toMatchObject({ value: '/:a/*b' });
        },
      );

      test('a dead end is left for the next reading of the path, with its own parameters', () => {
        const router = linked([
          ['GET', '/a/b/c'],
          ['GET', '/a/:x/d'],
          ['GET', '/:y/b/e/:z'],
          ['GET', '/*rest'],
        ]);
        expect(router.find('GET', '/a/b/d')).toMatchObject({ value: '/a/:x/d', params: { x: 'b' } });
        expect(router.find('GET', '/a/b/e/f')).toMatchObject({
          value: '/:y/b/e/:z',
          params: { y: 'a', z: 'f' },
        });
        const last = router.find('GET', '/a/b/e/f/g');
        expect(last).toMatchObject({ value: '/*rest' });
        expect(parametersOf(last)).toEqual({ rest: 'a/b/e/f/g' });
      });

      test('a static segment that only begins alike does not hide a parameter', () => {
        const router = linked([
          ['GET', '/users/new'],
          ['GET', '/users/:id'],
        ]);
        for (const id of ['ne', 'news', 'n', 'old']) {
          expect(router.find('GET', `/users/${id}`)).toMatchObject({ value: '/users/:id', params: { id } });
        }
      });

      test('a route without the method does not hide one that has it', () => {
        const router = linked([
          ['GET', '/users/new'],
          ['DELETE', '/users/:id'],
          ['*', '/users/*rest'],
        ]);
        expect(router.find('DELETE', '/users/new')).toMatchObject({
          value: '/users/:id',
          params: { id: 'new' },
        });
        expect(router.find('PUT', '/users/new')).toMatchObject({
          value: '/users/*rest',
          params: { rest: 'new' },
        });
      });

      test('routes go before mounts, and a mount takes what the routes of the path refuse', () => {
        const router = linked(
          [
            ['GET', '/api/:x'],
            ['GET', '/b'],
          ],
          ['/api/users'],
        );
        expect(router.find('GET', '/api/users')).toMatchObject({ kind: 'route', value: '/api/:x' });
        expect(router.find('POST', '/api/users')).toMatchObject({ kind: 'mount', value: '/api/users' });
        expect(router.find('GET', '/api/users/7')).toMatchObject({ kind: 'mount', value: '/api/users' });
        expect(router.find('POST', '/api/other')).toMatchObject({ kind: 'method-not-allowed' });
        expect(router.find('POST', '/b')).toMatchObject({ kind: 'method-not-allowed' });
      });
    });

    describe('dot segments (RFC 3986 5.2.4)', () => {
      test.each([
        ['/a/b/../c', '/a/c'],
        ['/a/./b', '/a/b'],
        ['/./a', '/a'],
        ['/a/..', '/'],
        ['/a/.', '/a/'],
        ['/a/b/..', '/a/'],
        ['/a/../', '/'],
        ['/a//../b', '/a/b'],
        ['//..', '/'],
        ['/mid/content=5/../6', '/mid/6'],
        ['/a/b/c/./../../g', '/a/g'],
        ['/a/%2e%2E/b', '/b'],
        ['/a/.%2e/b', '/b'],
        ['/a/%2E/b', '/a/b'],
        ['/a/b%2Fc/../d', '/a/d'],
      ])('%s is %s', (path, resolved) => {
        expect(linked([], ['/']).find('GET', path)).toMatchObject({ kind: 'mount', pathInfo: resolved });
        expect(linked([['GET', '/*path']]).find('GET', path)).toMatchObject({
          params: { path: resolved.slice(1) },
        });
      });

      test('dot segments are resolved before a route or mount is chosen', () => {
        const router = linked(
          [
            ['GET', '/public/:file'],
            ['GET', '/:a/:b/:c'],
          ],
          ['/secret'],
        );
        expect(router.find('GET', '/public/../secret')).toMatchObject({ kind: 'mount', value: '/secret' });
        expect(router.find('GET', '/public/%2e%2e/secret/x')).toMatchObject({
          kind: 'mount',
          pathInfo: '/x',
        });
        expect(router.find('GET', '/secret/../public/x')).toMatchObject({
          kind: 'route',
          params: { file: 'x' },
        });
      });

      test.each([
        '/...',
        '/.a',
        '/..a',
        '/a..',
        '/a/.../b',
        '/.well-known/x',
        '/%252e%252e',
        '/a./b',
        '/a/..;/b',
        '/~.',
        '/. ',
      ])('%s has none', path => {
        expect(linked([], ['/']).find('GET', path)).toMatchObject({ pathInfo: decodeURIComponent(path) });
      });

      test.each(['/..', '/../', '/../a', '/a/../..', '/a/../../b', '/%2e%2e/a', '/.%2E', '/./..', '//../..'])(
        '%s climbs above the root and is bad',
        path => {
          expect(linked([['*', '/*path']], ['/']).find('GET', path)).toMatchObject({ kind: 'bad-path' });
        },
      );

      test.each([
        '/a%2F..%2Fb',
        '/a%2f..',
        '/..%2Fb',
        '/a/..%2fb',
        '/a%2F../b',
        '/a%2F.%2Fb',
        '/.%2Fa',
        '/%2F..',
        '/%2e%2e%2f',
        '/a%5c..%5cb',
        '/a\\..\\b',
        '/..\\',
        '/a\\..',
        '/..%5C..%5C',
        '/%5c..',
        '/x/.\\y',
        '/a%2F..\\b',
        '/a%5C%2E%2E',
      ])('%s hides a dot segment and is bad', path => {
        expect(
          linked(
            [
              ['*', '/*path'],
              ['*', '/a/:x'],
            ],
            ['/'],
          ).find('GET', path),
        ).toMatchObject({ kind: 'bad-path' });
      });

      test('other backslashes are text', () => {
        expect(linked([['GET', '/:x']]).find('GET', '/a\\b%5Cc')).toMatchObject({ params: { x: 'a\\b\\c' } });
      });
    });

    describe('bad paths', () => {
      const bad: Record<string, readonly string[]> = {
        'a broken triplet': [
          '/%',
          '/a%',
          '/%4',
          '/%G1',
          '/%1G',
          '/%%41',
          '/% 41',
          '/a%/b',
          '/%2',
          '/%2/F',
          '/%2%2F',
          '/%u0041',
        ],
        'invalid UTF-8': [
          '/%80',
          '/%FF',
          '/%C3',
          '/%C3%28',
          '/%C3/%A9',
          '/%E2%82',
          '/%C3%2F',
          '/%F8%88%80%80%80',
          '/%F5%80%80%80',
        ],
        'an overlong form': ['/%C0%AF', '/%c0%ae%c0%ae/', '/%E0%80%AF', '/%F0%80%80%AF', '/%C1%81'],
        'a surrogate': ['/%ED%A0%80', '/%ED%BF%BF', '/%ED%A0%BD%ED%B8%80'],
        'an encoded control character': [
          '/%00',
          '/a%00.txt',
          '/%0d%0aSet-Cookie:x',
          '/%0A',
          '/%09',
          '/%1F',
          '/%7F',
          '/%7f',
        ],
        'an octet that no URI may hold': [
          '/\0',
          '/a\nb',
          '/\x1f',
          '/\x7f',
          '/caf\xe9',
          '/café€',
          '/\ud800',
          '/\ufffd',
        ],
        'no slash at its beginning': ['a', '*', 'http://host/', '%2Fa', '.', '..', '\\'],
      };
      for (const [what, paths] of Object.entries(bad)) {
        test.each(paths)(`${what}: %j`, path => {
          expect(
            linked(
              [
                ['*', '/*path'],
                ['*', '/:x/:y'],
                ['*', '/café'],
              ],
              ['/'],
            ).find('GET', path),
          ).toMatchObject({ kind: 'bad-path' });
          expect(linked([['GET', '/a']]).find('GET', path)).toMatchObject({ kind: 'bad-path' });
          expect(create().find('GET', path)).toMatchObject({ kind: 'bad-path' });
        });
      }
    });

    describe('names of the prototype chain', () => {
      const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf'];

      test('are plain segments', () => {
        const empty = linked([['GET', '/x']], ['/y']);
        for (const text of names) expect(empty.find(text, `/${text}`)).toMatchObject({ kind: 'not-found' });
        const router = linked(
          names.map(text => ['GET', `/${text}`] as const),
          ['/constructor/prototype'],
        );
        for (const text of names) expect(router.find('GET', `/${text}`)).toMatchObject({ value: `/${text}` });
        expect(router.find('constructor', '/toString')).toMatchObject({ allow: ['GET', 'HEAD', 'OPTIONS'] });
      });

      test.each(names)('%s is a plain parameter', text => {
        const params = parametersOf(linked([['GET', `/:${text}/:other`]]).find('GET', '/value/x'));
        expect(Object.getPrototypeOf(params)).toBe(null);
        expect(Object.entries(params)).toEqual([
          [text, 'value'],
          ['other', 'x'],
        ]);
        expect(({} as Record<string, unknown>)['value']).toBe(undefined);
      });

      test('parameters have no prototype, also where there are none', () => {
        const router = linked([['GET', '/a']], ['/b']);
        for (const path of ['/a', '/b']) {
          const params = parametersOf(router.find('GET', path));
          expect(Object.getPrototypeOf(params)).toBe(null);
          expect(Object.keys(params)).toEqual([]);
        }
      });
    });

    describe('hostile sizes', () => {
      const long = 8192;
      const routes: Routes = [
        ['GET', '/:a/:b/:c/*rest'],
        ['GET', '/a/a/a/a'],
        ['GET', '/x/*rest'],
        ['GET', '/:only'],
      ];

      test.each([
        ['segments', '/a'.repeat(long / 2)],
        ['empty segments', '/'.repeat(long)],
        ['encoded slashes', `/a${'%2F'.repeat(long / 3)}`],
        ['encodings', `/${'%C3%A9'.repeat(long / 6)}`],
        ['dot segments', `${'/a'.repeat(long / 8)}${'/..'.repeat(long / 8)}`],
        ['single dots', '/.'.repeat(long / 2)],
        ['one segment', `/${'a'.repeat(long)}`],
        ['backslashes', `/${'\\'.repeat(long)}`],
        ['percent signs', `/${'%'.repeat(long)}`],
      ])('8 KiB of %s take less than 20 ms', (_what, path) => {
        const router = linked(routes, ['/a/a']);
        expect(bestTime(() => router.find('GET', path))).toBeLessThan(20);
      });

      test('8000 segments are one rest', () => {
        const path = 'a/'.repeat(8000);
        expect(parametersOf(linked([['GET', '/*rest']]).find('GET', `/${path}`))).toEqual({ rest: path });
      });

      test('backtracking does not explode: 60 levels of "a or anything" with a missing end', () => {
        // Read naively, each of the 60 segments could be static or a parameter: 2^60 readings.
        const router = create();
        for (let level = 0; level < 60; level++) {
          router.route('GET', `${'/a'.repeat(level)}/:p${'/a'.repeat(59 - level)}/end`, level);
          if (level < 59)
            router.route('GET', `${'/a'.repeat(level)}${parameterSegments(60 - level)}/end`, level);
        }
        expect(router.find('GET', `${'/a'.repeat(60)}/end`)).toMatchObject({ kind: 'route' });
        expect(bestTime(() => router.find('GET', `${'/a'.repeat(60)}/miss`))).toBeLessThan(5);
      });

      test('backtracking is bounded by what is registered: all 1024 mixes of ten levels', () => {
        const router = create();
        for (let mix = 0; mix < 1024; mix++) {
          let pattern = '';
          for (let level = 0; level < 10; level++) pattern += mix & (1 << level) ? '/a' : `/:p${level}`;
          router.route('GET', `${pattern}/end`, mix);
        }
        expect(router.find('GET', `${'/a'.repeat(10)}/end`)).toMatchObject({ value: 1023 });
        expect(bestTime(() => router.find('GET', `${'/a'.repeat(10)}/miss`))).toBeLessThan(5);
        expect(bestTime(() => router.find('GET', `${'/a'.repeat(4000)}/miss`))).toBeLessThan(5);
      });

      test('a pattern may have thousands of segments', () => {
        const many = '/a'.repeat(5000);
        const router = linked([
          ['GET', `/:first${many}`],
          ['GET', `${many}/*rest`],
        ]);
        expect(router.find('GET', `/x${many}`)).toMatchObject({ params: { first: 'x' } });
        expect(router.find('GET', `${many}/b`)).toMatchObject({ params: { rest: 'b' } });
      });

      test('ten thousand routes are all found', () => {
        const router = create();
        for (let n = 0; n < 10_000; n++) router.route('GET', `/r${n}/:id/x${n % 7}`, n);
        for (let n = 0; n < 10_000; n += 97) {
          expect(router.find('GET', `/r${n}/abc/x${n % 7}`)).toMatchObject({
            value: n,
            params: { id: 'abc' },
          });
        }
      });
    });

    describe('registration', () => {
      test('registrations are listed in their order', () => {
        const router = linked(
          [
            ['GET', '/b/:x'],
            [['PUT', 'POST'], '/a'],
            ['*', '/c/*r'],
          ],
          ['/m/', '/'],
        );
        expect([...router.links()]).toEqual([
          { kind: 'route', methods: ['GET'], pattern: '/b/:x', value: '/b/:x' },
          { kind: 'route', methods: ['PUT', 'POST'], pattern: '/a', value: '/a' },
          { kind: 'route', methods: ['*'], pattern: '/c/*r', value: '/c/*r' },
          { kind: 'mount', methods: ['*'], pattern: '/m', value: '/m/' },
          { kind: 'mount', methods: ['*'], pattern: '', value: '/' },
        ]);
      });

      test('what is registered later is found at once', () => {
        const router = linked([['GET', '/users/:id']]);
        expect(router.find('GET', '/users/new')).toMatchObject({ value: '/users/:id' });
        router.route('GET', '/users/new', 'new');
        expect(router.find('GET', '/users/new')).toMatchObject({ value: 'new' });
      });

      test('any value is returned as it is, also undefined', () => {
        const router = create();
        const value = Object.freeze({});
        router.route('GET', '/a', value);
        router.route('GET', '/b', undefined);
        router.mount('/c', undefined);
        expect((router.find('GET', '/a') as { value: unknown }).value).toBe(value);
        expect(router.find('GET', '/b')).toMatchObject({ kind: 'route', value: undefined });
        expect(router.find('GET', '/c')).toMatchObject({ kind: 'mount', value: undefined });
      });

      const taken: readonly [
        string,
        string | readonly string[],
        string,
        string | readonly string[],
        string,
        string[],
      ][] = [
        ['the same pattern', 'GET', '/a', 'GET', '/a', ['"/a"']],
        ['another name of the parameter', 'GET', '/u/:id', 'GET', '/u/:name', ['"/u/:id"', '"/u/:name"']],
        ['another name of the rest', 'GET', '/f/*a', 'GET', '/f/*b', ['"/f/*a"', '"/f/*b"']],
        [
          'one method of several',
          ['GET', 'PUT'],
          '/a/:x',
          ['POST', 'PUT'],
          '/a/:y',
          ['PUT', '"/a/:x"', '"/a/:y"'],
        ],
        ['all methods twice', '*', '/a', '*', '/a', ['"/a"']],
      ];
      test.each(taken)(
        'a route that is taken is refused, naming both: %s',
        (_what, methods, first, again, second, named) => {
          const router = create();
          router.route(methods, first, 1);
          const error = errorOf(() => router.route(again, second, 2));
          expect(error).toMatchObject({ name: 'RouteError', code: 'FAPWS_ROUTE' });
          for (const text of named) expect(error.message).toContain(text);
          // Nothing of a refused registration stays.
          expect([...router.links()]).toHaveLength(1);
          expect(router.find('POST', '/a/1')).not.toMatchObject({ kind: 'route', value: 2 });
        },
      );

      test.each([
        ['/a', '/a'],
        ['/a', '/a/'],
        ['', '/'],
      ])('a mount that is taken is refused, naming both: %j and %j', (first, second) => {
        const router = linked([], [first]);
        const error = errorOf(() => router.mount(second, 2));
        expect(error).toMatchObject({ code: 'FAPWS_ROUTE' });
        expect(error.message).toContain(JSON.stringify(second));
        expect(error.message).toContain(JSON.stringify(first || '/'));
        expect([...router.links()]).toHaveLength(1);
      });

      test('a route and a mount may share a path, as may different methods and kinds of segments', () => {
        const routes: Routes = [
          ['GET', '/a'],
          ['*', '/a'],
          ['HEAD', '/a'],
          ['GET', '/a/'],
          ['GET', '/:a'],
          ['GET', '/*a'],
        ];
        expect(() => linked(routes, ['/a', '/'])).not.toThrow();
      });

      test.each([
        'a',
        'a/b',
        '*',
        ':x',
        ' /a',
        '/a//b',
        '//',
        '/a//',
        '/:',
        '/*',
        '/:1a',
        '/:a-b',
        '/:id.json',
        '/:a:b',
        '/*a/b',
        '/*a/',
        '/a*',
        '/a*b',
        '/*.js',
        '/:a/:a',
        '/:a/*a',
        '/a?b',
        '/:a?',
        '/a#b',
        '/caf%C3%A9',
        '/a%20b',
        '/a\\b',
        '/.',
        '/..',
        '/a/../b',
        '/a/./b',
        '/a\nb',
        '/\0',
        '/\ud800',
        '',
      ])('the pattern %j is refused', pattern => {
        const router = create();
        const error = errorOf(() => router.route('GET', pattern, 1));
        expect(error).toMatchObject({ name: 'RouteError', code: 'FAPWS_ROUTE' });
        expect(error.message).toContain(JSON.stringify(pattern));
        expect([...router.links()]).toEqual([]);
      });

      test.each([
        'a',
        '//',
        '/a//',
        '/a//b',
        '/:x',
        '/a/*x',
        '/a*',
        '/a?b',
        '/a#',
        '/%41',
        '/a\\b',
        '/a/..',
        '/\x7f',
      ])('the prefix %j is refused', prefix => {
        const error = errorOf(() => create().mount(prefix, 1));
        expect(error).toMatchObject({ name: 'RouteError', code: 'FAPWS_ROUTE' });
        expect(error.message).toContain(JSON.stringify(prefix));
      });

      test.each([
        ['get'],
        ['Get'],
        [''],
        ['G T'],
        ['GET,PUT'],
        [[]],
        [['GET', '']],
        [['GET', 'GET']],
        [['GET', '*']],
        [['put']],
      ])('the methods %j are refused', methods => {
        expect(errorOf(() => create().route(methods, '/a', 1))).toMatchObject({
          name: 'RouteError',
          code: 'FAPWS_ROUTE',
        });
      });
    });

    describe('compared with the reference', () => {
      test('any routes and mounts, any path: the same match', () => {
        fc.assert(
          fc.property(
            registrations,
            fc.array(fc.tuple(method, path), { minLength: 1, maxLength: 12 }),
            (links, requests) => {
              const router = create();
              const reference = new ReferenceRouter<unknown>();
              for (const [index, link] of links.entries()) {
                try {
                  if (link.methods === undefined) router.mount(link.pattern, index);
                  else router.route(link.methods, link.pattern, index);
                } catch (error) {
                  // Random patterns collide; what one refuses, the other is not given.
                  expect(error).toMatchObject({ code: 'FAPWS_ROUTE' });
                  continue;
                }
                if (link.methods === undefined) reference.mount(link.pattern, index);
                else reference.route(link.methods, link.pattern, index);
              }
              for (const [asked, raw] of requests) {
                const expected = reference.find(asked, raw);
                expect(router.find(asked, raw)).toMatchObject(expected);
                if ('params' in expected)
                  expect(parametersOf(router.find(asked, raw))).toEqual({ ...expected.params });
              }
            },
          ),
          { numRuns: 1500 },
        );
      });

      test('any text as a path: the same match, and never an exception', { timeout: 30_000 }, () => {
        const text = fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.string({ unit: fc.constantFrom(...'/.%\\2eEfFcC0aA5\0é') }),
        );
        const routes: Routes = [
          ['GET', '/'],
          ['GET', '/a'],
          ['GET', '/:x'],
          ['PUT', '/:x/'],
          ['GET', '/a/:x'],
          ['POST', '/a/*x'],
        ];
        const router = linked(routes, ['/a/a', '/e']);
        const reference = new ReferenceRouter<unknown>();
        for (const [methods, pattern] of routes) reference.route(methods as string, pattern, pattern);
        for (const prefix of ['/a/a', '/e']) reference.mount(prefix, prefix);
        fc.assert(
          fc.property(method, text, (asked, raw) => {
            for (const path of [raw, `/${raw}`])
              expect(router.find(asked, path)).toMatchObject(reference.find(asked, path));
          }),
          { numRuns: 3000 },
        );
      });
    });
  });
}

const method: fc.Arbitrary<string> = fc.constantFrom('GET', 'HEAD', 'POST', 'OPTIONS', '*', 'BREW');

// Few different segments, so that random routes and paths meet.
const patternSegment = fc.constantFrom(
  'a',
  'b',
  'ab',
  'abc',
  'é',
  '%',
  '.a',
  ':x',
  ':y',
  ':__proto__',
  'a b',
);
const pattern = fc
  .tuple(fc.array(patternSegment, { maxLength: 4 }), fc.constantFrom('', '', '', '/', '/*rest'))
  .map(([segments, end]) => segments.map(text => `/${text}`).join('') + end || '/');
const prefix = fc
  .array(fc.constantFrom('a', 'b', 'ab', 'é', '%', '.a'), { maxLength: 3 })
  .map(texts => texts.map(text => `/${text}`).join(''));
const registrations = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ methods: fc.constantFrom('GET', 'POST', 'HEAD', '*', ['GET', 'PUT']), pattern }),
    },
    { weight: 1, arbitrary: fc.record({ methods: fc.constant(undefined), pattern: prefix }) },
  ),
  { maxLength: 25 },
);
const pathSegment = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom('a', 'b', 'ab', 'abc', '%61', '%C3%A9', '%25', '.a', 'a%20b', 'c', ''),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '.',
      '..',
      '%2e',
      '.%2E',
      'a%2Fb',
      '..%2f',
      '%5c..',
      'a\\b',
      '%C3',
      '%',
      '\xe9',
      '...',
    ),
  },
);
const path = fc
  .array(pathSegment, { maxLength: 6 })
  .map(segments => segments.map(text => `/${text}`).join(''));

function parametersOf(match: Match<unknown>): Readonly<Record<string, string>> {
  if (match.kind !== 'route' && match.kind !== 'mount')
    throw new Error(`Expected a link, found ${match.kind}`);
  return match.params;
}

function errorOf(action: () => void): Error {
  try {
    action();
  } catch (error) {
    return error as Error;
  }
  throw new Error('Expected an error');
}

/** `/:p0/:p1/…` */
function parameterSegments(count: number): string {
  let path = '';
  for (let index = 0; index < count; index++) path += `/:p${index}`;
  return path;
}

/** Milliseconds of the fastest of five runs: a busy machine slows down some, an explosion all. */
function bestTime(action: () => void): number {
  let best = Number.POSITIVE_INFINITY;
  for (let run = 0; run < 5; run++) {
    const start = performance.now();
    action();
    best = Math.min(best, performance.now() - start);
  }
  return best;
}
