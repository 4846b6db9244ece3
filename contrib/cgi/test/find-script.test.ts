// Which script a path means, and that no path means a file outside the root.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { call, type Middleware } from '@fapws/core';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findScript } from '../src/find-script.ts';
import { cgi } from '../src/index.ts';
import { Refusal } from '../src/refusal.ts';
import { CgiServer, Log, Scripts, text } from './scripts.ts';

const where = text('printf "%s|%s" "$SCRIPT_NAME" "$PATH_INFO"');

/** `root/hello`, `root/sub/deep.sh`, and things that are no scripts; beside the root `secret`. */
function populated(): Scripts {
  const scripts = new Scripts();
  scripts.write('root/hello', where);
  scripts.write('root/sub/deep.sh', where);
  scripts.write('root/plain.txt', 'text', 0o644);
  scripts.write('root/.hidden', where);
  scripts.write('root/sub/.git/hook', where);
  scripts.write('root/nph-raw', where);
  scripts.write('secret', text('echo secret'));
  scripts.write('outside/secret', text('echo secret'));
  scripts.link('root/inside', 'sub/deep.sh');
  scripts.link('root/folder', 'sub');
  scripts.link('root/out', '../secret');
  scripts.link('root/outside', '../outside');
  scripts.link('root/nowhere', 'missing');
  scripts.link('root/circle', 'circle');
  scripts.link('root/alias', 'nph-raw');
  scripts.link('root/nph-alias', 'hello');
  return scripts;
}

async function answer(path: string, middleware?: Middleware): Promise<[number, string, string]> {
  using scripts = populated();
  const server = new CgiServer({ root: scripts.path('root') }, {}, middleware);
  const response = await server.call(path);
  return [response.statusCode, response.text(), server.log.text];
}

describe('a script', () => {
  test.each([
    ['/hello', '/cgi-bin/hello|'],
    ['/hello/', '/cgi-bin/hello|/'],
    ['/hello/a/b', '/cgi-bin/hello|/a/b'],
    ['/hello/a//b/', '/cgi-bin/hello|/a//b/'],
    ['/hello/.hidden', '/cgi-bin/hello|/.hidden'],
    ['/sub/deep.sh', '/cgi-bin/sub/deep.sh|'],
    ['/sub/deep.sh/x', '/cgi-bin/sub/deep.sh|/x'],
    ['/inside', '/cgi-bin/inside|'],
    ['/folder/deep.sh', '/cgi-bin/folder/deep.sh|'],
    ['/%68ello', '/cgi-bin/hello|'],
    ['/./sub/../hello', '/cgi-bin/hello|'],
  ])('%s', async (path, expected) => {
    expect((await answer(path)).slice(0, 2)).toEqual([200, expected]);
  });
});

describe('no script', () => {
  test.each([
    ['/', 404, ''],
    ['', 404, ''],
    ['/missing', 404, ''],
    ['/sub', 404, ''],
    ['/sub/', 404, ''],
    ['/sub/missing', 404, ''],
    ['/.hidden', 404, ''],
    ['/sub/.git/hook', 404, ''],
    [`/${'x'.repeat(300)}`, 404, ''],
    ['/nowhere', 404, ''],
    ['/circle', 404, 'ELOOP'],
    ['/out', 404, 'is a link that leads out of'],
    ['/outside/secret', 404, 'is a link that leads out of'],
    ['/plain.txt', 403, 'is not executable (chmod +x)'],
    ['/nph-raw', 501, 'non-parsed header'],
    ['/alias', 501, 'non-parsed header'],
    ['/nph-alias', 501, 'non-parsed header'],
    ['/hello%00', 404, ''],
    ['/..%2fsecret', 404, ''],
    ['/%2e%2e/secret', 404, ''],
    ['/sub/%2e%2e/%2e%2e/secret', 404, ''],
    ['/..%5csecret', 404, ''],
    ['/hello%0a', 404, ''],
  ])('%s: %i', async (path, status, said) => {
    const [code, content, log] = await answer(path);
    // What core itself refuses, an encoded NUL for instance, never gets here.
    expect([status, 400]).toContain(code);
    expect(content).not.toMatch(/fapws-cgi-|secret/);
    expect(log).toContain(said);
  });

  test.each([
    '/../secret',
    '/sub/../../secret',
    '/./../secret',
    '//secret',
    '/sub\\..\\secret',
    '/hello\0',
    'secret',
    '../secret',
  ])('nor when a middleware makes the path %j', async path => {
    const setting: Middleware = app => (environ, startResponse) => {
      environ.PATH_INFO = path;
      return app(environ, startResponse);
    };
    const [code, content] = await answer('/hello', setting);
    expect(code).toBe(404);
    expect(content).not.toContain('secret\n');
  });
});

test('PROPERTY: whatever the path, what is found is a file below the root and the path is used up', async () => {
  using scripts = populated();
  const root = scripts.path('root');
  const segment = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom('hello', 'sub', 'deep.sh', 'folder', 'inside') },
    {
      weight: 2,
      arbitrary: fc.constantFrom(
        ...[
          '..',
          '.',
          '',
          '.git',
          'out',
          'outside',
          'secret',
          'circle',
          '\0',
          '\\',
          '%2e%2e',
          'hello\0',
          '...',
        ],
      ),
    },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 5 }) },
  );
  let found = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(segment, { maxLength: 6 }), fc.boolean(), async (segments, isAbsolute) => {
      const path = `${isAbsolute ? '/' : ''}${segments.join('/')}`;
      try {
        const script = await findScript(root, path, new Map());
        found += 1;
        expect(script.file.startsWith(`${root}/`)).toBe(true);
        expect(['hello', 'deep.sh']).toContain(script.file.split('/').pop());
        expect(script.name + script.pathInfo).toBe(path);
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        expect(['404 Not Found', '403 Forbidden', '501 Not Implemented']).toContain(error.status);
      }
    }),
    { numRuns: 300 },
  );
  expect(found).toBeGreaterThan(10);
});

describe('one script', () => {
  test('is run at every path below its mount', async () => {
    using scripts = new Scripts();
    const app = cgi(scripts.write('hello', where));
    expect((await call(app, '/')).text()).toBe('|/');
    expect((await call(app, '/a/b')).text()).toBe('|/a/b');
  });

  test('that has gone is 404, one that may not be run 403; the log says which', async () => {
    using scripts = new Scripts();
    const file = scripts.write('hello', where);
    const app = cgi(file);
    scripts.write('hello', where, 0o644);
    const errors = new Log();
    expect((await call(app, '/', { errors })).statusCode).toBe(403);
    scripts[Symbol.dispose]();
    expect((await call(app, '/', { errors })).statusCode).toBe(404);
    expect(errors.text).toMatch(/is not executable[\s\S]*no such file/);
  });

  test.each([
    ['an interpreter that is not there', '#!/no/such/program\n', {}],
    [
      'an interpreter of the options that is not there',
      '#!/bin/sh\n',
      { interpreters: { '.x': 'no-such-program' } },
    ],
  ])('%s is 500', async (_, content, options) => {
    using scripts = new Scripts();
    scripts.write('broken.x', content);
    const server = new CgiServer(scripts, options);
    expect((await server.call('/broken.x')).statusCode).toBe(500);
    expect(server.log.text).toMatch(/can't be started: .*ENOENT/);
  });

  test('what is run by an interpreter need not be executable, and gets its path', async () => {
    using scripts = new Scripts();
    scripts.write('a.x', text('printf "%s|%s" "$0" "$#"'), 0o644);
    const server = new CgiServer(scripts, { interpreters: { '.x': ['sh', '-u'] } });
    expect((await server.call('/a.x?-x')).text()).toBe(`${scripts.path('a.x')}|0`);
  });

  test('runs in its folder', async () => {
    using scripts = new Scripts();
    mkdirSync(join(scripts.root, 'sub'));
    writeFileSync(join(scripts.root, 'sub/note'), 'here');
    scripts.write('sub/read', text('cat note'));
    expect((await new CgiServer(scripts).call('/sub/read')).text()).toBe('here');
  });
});
