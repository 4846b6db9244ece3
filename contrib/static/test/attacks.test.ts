// Ways out of the root, by name. Each has a secret that it would bring to light.

import { chmodSync, linkSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { call, type Environ } from '@fapws/core';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type StaticOptions, staticFiles } from '../src/index.ts';
import { encodePath, examine, Hidden, Unusable, Usable } from '../src/request-path.ts';
import { makeFifos, openFiles, pause, Site, serve, until } from './serving.ts';

/** A root in a folder with a secret beside it. */
function guarded(): { outer: Site; root: string } {
  const outer = new Site({
    'secret.txt': 'SECRET',
    'root-of-somebody-else/secret.txt': 'SECRET',
    'root/a.txt': 'a',
    'root/sub/b.txt': 'b',
    'root/.env': 'SECRET',
    'root/.git/config': 'SECRET',
    'root/sub/.hidden/c.txt': 'SECRET',
    'root/.well-known/security.txt': 'contact',
  });
  return { outer, root: outer.file('root') };
}

/** What application and server make of a path, and what the application alone makes of it when a middleware has put it there. */
async function answers(root: string, path: string, options: StaticOptions = {}): Promise<string[]> {
  const serving = await serve(root, options);
  const over = await serving.ask(path);
  const decoded = (() => {
    try {
      return decodeURIComponent(path);
    } catch {
      return path;
    }
  })();
  const app = staticFiles(root, options);
  const direct = await call((environ, startResponse) => {
    environ.PATH_INFO = decoded;
    return app(environ, startResponse);
  });
  return [`${over.status} ${over.text}`, `${direct.status} ${direct.text()}`];
}

describe('a path', () => {
  test.each([
    '/../secret.txt',
    '/sub/../../secret.txt',
    '/%2e%2e/secret.txt',
    '/%2E%2E%2Fsecret.txt',
    '/..%2fsecret.txt',
    '/sub%2f..%2f..%2fsecret.txt',
    '/..%5csecret.txt',
    '/..\\secret.txt',
    '/sub\\..\\..\\secret.txt',
    '/%c0%ae%c0%ae/secret.txt',
    '/%252e%252e/secret.txt',
    '/..%252fsecret.txt',
    '/%uff0e%uff0e/secret.txt',
    '/../root-of-somebody-else/secret.txt',
    '/a.txt%00.html',
    '/%00',
    '/../secret.txt%00.txt',
    '/./secret.txt',
    '//../secret.txt',
    '/.../secret.txt',
    '/..;/secret.txt',
    '/sub/..',
    '/~root/.bashrc',
    '/C:/Windows/win.ini',
    '/\\\\localhost\\c$',
    '/file:///etc/passwd',
    '/etc/passwd',
    '//etc/passwd',
    '/%2fetc%2fpasswd',
    '/proc/self/environ',
  ])('%s leads nowhere', async path => {
    const { root } = guarded();
    for (const answer of await answers(root, path)) {
      expect(answer).toMatch(/^(?:400|404) /);
      expect(answer).not.toMatch(/SECRET|root:/);
    }
  });

  test.each(['/sub%2Fb.txt', '/sub%2fb.txt?x', '/sub%5Cb.txt', '/%2Fa.txt'])(
    '%s does not get around whoever guards /sub/',
    async path => {
      const { root } = guarded();
      const serving = await serve(root);
      await serving.ask('/sub/b.txt');
      expect((await serving.ask(path)).status).toBe(404);
    },
  );

  test.each(['//', '//sub/b.txt', '/sub//b.txt', '/sub/b.txt//', '///sub'])(
    '%s is no second name',
    async path => {
      const { root } = guarded();
      expect((await (await serve(root, { index: 'b.txt' })).ask(path)).status).toBe(404);
    },
  );

  test('of any kind leads to a file of the root or to nothing', async () => {
    const { root } = guarded();
    const app = staticFiles(root, { dotfiles: 'allow', listing: true });
    const piece = fc.constantFrom(
      '..',
      '.',
      '/',
      '//',
      '\\',
      '%2e',
      '%2f',
      '\0',
      'a.txt',
      'sub',
      'b.txt',
      'secret.txt',
      ':',
      '~',
      '\ud800',
      'é',
      'root',
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 8 }), async pieces => {
        const response = await call((environ, startResponse) => {
          environ.PATH_INFO = `/${pieces.join('')}`;
          return app(environ, startResponse);
        });
        expect(response.text()).not.toContain('SECRET');
        expect([200, 301, 404]).toContain(response.statusCode);
      }),
      { numRuns: 300 },
    );
  });
});

test.each(['/..', '/../secret.txt', '/sub/../a.txt', '/./a.txt', '/sub/..', '/sub/./b.txt'])(
  '%s is no path, whoever put it there and whatever links may do',
  async path => {
    expect(examine(path, 'linux')).toBe(Unusable);
    const { root } = guarded();
    for (const symlinks of ['anywhere', 'inside', 'none'] as const) {
      const app = staticFiles(root, { symlinks, dotfiles: 'allow', listing: true });
      const { statusCode } = await call((environ, startResponse) => {
        environ.PATH_INFO = path;
        return app(environ, startResponse);
      });
      expect(statusCode).toBe(404);
    }
  },
);

describe('a redirect', () => {
  test('never leads to another host', async () => {
    const { outer, root } = guarded();
    mkdirSync(join(root, 'evil.example'));
    writeFileSync(join(root, 'evil.example/index.html'), 'x');
    const serving = await serve(root);
    for (const path of [
      '//evil.example',
      '/%2Fevil.example',
      '/\\evil.example',
      '/%5cevil.example',
      '///evil.example',
      '//evil.example/..',
    ])
      expect((await serving.ask(path)).headers.location ?? '/').not.toMatch(/^[\\/]{2}/);
    const app = staticFiles(outer.file('root'));
    for (const prefix of ['//evil.example', '/\\evil.example', '/']) {
      const { headers } = await call((environ: Environ, startResponse) => {
        environ.SCRIPT_NAME = prefix;
        environ.PATH_INFO = '/evil.example';
        return app(environ, startResponse);
      });
      const location = headers.find(([name]) => name === 'Location')?.[1] as string;
      expect(new URL(location, 'http://here.example').host).toBe('here.example');
    }
  });

  test('has nothing in it that was not a path', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), text => {
        let encoded: string;
        try {
          encoded = encodePath(`/${text}`);
        } catch {
          return;
        }
        expect(encoded).toMatch(/^\/(?!\/)[\x21-\x7e]*$/);
        expect(encoded).not.toMatch(/[?#\\]/);
        expect(new URL(encoded, 'http://here.example').host).toBe('here.example');
      }),
    );
  });
});

describe('names with a dot', () => {
  const hidden = [
    '/.env',
    '/.git/config',
    '/.git/',
    '/.git',
    '/sub/.hidden/c.txt',
    '/.well-known/../.env',
    '/.nothing',
  ];
  test.each<[StaticOptions['dotfiles'], string]>([
    ['hide', '404'],
    ['deny', '403'],
  ])('%s', async (dotfiles, status) => {
    const { root } = guarded();
    for (const path of hidden) {
      for (const answer of await answers(root, path, { dotfiles, listing: true })) {
        expect(answer.slice(0, 3), path).toBe(
          path.includes('..') && !answer.startsWith(status) ? '404' : status,
        );
      }
    }
    const serving = await serve(root, { dotfiles });
    expect((await serving.ask('/.well-known/security.txt')).text).toBe('contact');
    expect((await serving.ask('/sub/.well-known/x')).status).toBe(Number(status));
  });

  test('allow', async () => {
    const { root } = guarded();
    expect((await (await serve(root, { dotfiles: 'allow' })).ask('/.git/config')).text).toBe('SECRET');
  });
});

describe('a symbolic link', () => {
  function linked(): string {
    const { outer, root } = guarded();
    symlinkSync(outer.file('secret.txt'), join(root, 'out.txt'));
    symlinkSync('../secret.txt', join(root, 'relative-out.txt'));
    symlinkSync(outer.root, join(root, 'outer'));
    symlinkSync('../root-of-somebody-else', join(root, 'other'));
    symlinkSync('out.txt', join(root, 'two-steps.txt'));
    symlinkSync('sub/b.txt', join(root, 'in.txt'));
    symlinkSync('sub', join(root, 'in'));
    symlinkSync('loop', join(root, 'loop'));
    symlinkSync('nothing', join(root, 'dangling'));
    return root;
  }
  const out = [
    '/out.txt',
    '/relative-out.txt',
    '/outer/secret.txt',
    '/other/secret.txt',
    '/two-steps.txt',
    '/outer/root/a.txt',
  ];

  test('that leads out of the root leads nowhere; others are followed', async () => {
    const serving = await serve(linked(), { precompressed: true });
    // The one that leads out and in again arrives within.
    for (const path of out.slice(0, -1)) expect((await serving.ask(path)).status, path).toBe(404);
    for (const path of ['/loop', '/dangling', '/loop/x', '/outer', '/outer/', '/other'])
      expect((await serving.ask(path)).status, path).toBe(404);
    for (const path of ['/in.txt', '/in/b.txt']) expect((await serving.ask(path)).text).toBe('b');
  });

  test('is not followed at all', async () => {
    const serving = await serve(linked(), { symlinks: 'none' });
    for (const path of [...out, '/in.txt', '/in/b.txt', '/loop', '/dangling'])
      expect((await serving.ask(path)).status, path).toBe(404);
    expect((await serving.ask('/sub/b.txt')).text).toBe('b');
    expect((await serving.ask('/a.txt')).text).toBe('a');
  });

  test('is followed anywhere', async () => {
    const serving = await serve(linked(), { symlinks: 'anywhere' });
    expect((await serving.ask('/out.txt')).text).toBe('SECRET');
    expect((await serving.ask('/outer/secret.txt')).text).toBe('SECRET');
    expect((await serving.ask('/loop')).status).toBe(404);
  });

  test('in place of a sibling does not lead out either', async () => {
    const { outer, root } = guarded();
    symlinkSync(outer.file('secret.txt'), join(root, 'a.txt.gz'));
    const { text } = await (await serve(root, { precompressed: true })).ask('/a.txt', {
      headers: { 'Accept-Encoding': 'gzip' },
    });
    expect(text).toBe('a');
  });

  test('can be the root itself, also when it is pointed elsewhere', async () => {
    const outer = new Site({ 'v1/a.txt': 'one', 'v2/a.txt': 'two', 'v2/new.txt': 'new' });
    symlinkSync('v1', outer.file('current'));
    const serving = await serve(outer.file('current'), { cache: { seconds: 0 } });
    expect((await serving.ask('/a.txt')).text).toBe('one');
    symlinkSync('v2', outer.file('next'));
    renameSync(outer.file('next'), outer.file('current'));
    expect((await serving.ask('/a.txt')).text).toBe('two');
    expect((await serving.ask('/new.txt')).text).toBe('new');
  });

  test('that takes the place of a file between two looks brings nothing to light', async () => {
    const { outer, root } = guarded();
    const serving = await serve(root, { cache: false });
    const secret = outer.file('secret.txt');
    let swapping = true;
    const swapper = (async () => {
      for (let turn = 0; swapping; turn += 1) {
        const next = outer.file('next');
        if (turn % 2 === 0) symlinkSync(secret, next);
        else writeFileSync(next, 'a');
        renameSync(next, join(root, 'a.txt'));
        // The directory as well.
        rmSync(outer.file('held'), { recursive: true, force: true });
        renameSync(join(root, 'sub'), outer.file('held'));
        symlinkSync(outer.file('root-of-somebody-else'), join(root, 'sub'));
        await pause(turn % 3);
        rmSync(join(root, 'sub'));
        renameSync(outer.file('held'), join(root, 'sub'));
      }
    })();
    const seen = new Set<string>();
    const [enough, end] = [Date.now() + 1500, Date.now() + 15_000];
    // Each of both must have been met with, or this shows nothing.
    while (Date.now() < enough || (Date.now() < end && !seen.has('a'))) {
      const paths = ['/a.txt', '/sub/b.txt', '/sub/secret.txt', '/a.txt', '/sub/secret.txt'];
      for (const { text } of await Promise.all(paths.map(path => serving.ask(path)))) seen.add(text);
    }
    swapping = false;
    await swapper;
    expect([...seen].filter(text => text.includes('SECRET'))).toEqual([]);
    expect(seen).toContain('a');
  });
});

describe('what is no file', () => {
  test.runIf(process.platform !== 'win32')('a FIFO, a socket and a device are refused at once', async () => {
    const site = new Site({ 'a.txt': 'a' });
    makeFifos(site.file('fifo'), site.file('fifo.html'));
    const server = createServer().listen(site.file('socket'));
    onTestFinished(() => {
      server.close();
    });
    await until('the socket listens', () => server.listening);
    symlinkSync('/dev/zero', site.file('zero'));
    symlinkSync('/dev/tty', site.file('tty'));
    const serving = await serve(site, { symlinks: 'anywhere', index: 'fifo' });
    // More than there are threads for files: a single one that waited would hold up all.
    const paths = Array.from({ length: 20 }, () => [
      '/fifo',
      '/fifo.html',
      '/socket',
      '/zero',
      '/tty',
      '/',
    ]).flat();
    for (const { status } of await Promise.all(paths.map(path => serving.ask(path))))
      expect(status).toBe(404);
    expect((await serving.ask('/a.txt')).text).toBe('a');
    await until('nothing is left open', () => openFiles(site.root) === 0);
  });

  test.skipIf(process.getuid?.() === 0)('a file that may not be read is 403', async () => {
    const site = new Site({ 'a.txt': 'a' });
    chmodSync(site.file('a.txt'), 0);
    expect((await (await serve(site)).ask('/a.txt')).status).toBe(403);
  });

  test('a hard link is a file like any other', async () => {
    const site = new Site({ 'a.txt': 'a' });
    linkSync(site.file('a.txt'), site.file('b.txt'));
    expect((await (await serve(site, { symlinks: 'none' })).ask('/b.txt')).text).toBe('a');
  });
});

describe('names of Windows', () => {
  test.each([
    'CON',
    'con',
    'PRN',
    'AUX',
    'NUL',
    'nul.txt',
    'COM1',
    'com9.html',
    'LPT1',
    'LPT².txt',
    'CONIN$',
    'conout$',
    'CLOCK$',
    'aux .txt',
    'com1:',
    'a.txt::$DATA',
    'a.txt:stream',
    'a.txt.',
    'a.txt ',
    'a*',
    'a?',
    'a<b',
    'a>b',
    'a"b',
    'a|b',
    'a\x01b',
    'C:',
    'a\\b',
  ])('%j is refused there', name => {
    expect(examine(`/${name}`, 'win32')).toBe(Unusable);
    expect(examine(`/sub/${name}/x`, 'win32')).toBe(Unusable);
  });

  test.each([
    'console.js',
    'com.txt',
    'com10.txt',
    'nullable.ts',
    'auxiliary',
    'a.con',
    'lpt.md',
    'a b.txt',
    '$a',
  ])('%s is not', name => {
    expect(examine(`/${name}`, 'win32')).toBe(Usable);
  });

  test('elsewhere they are names like others, but for the backslash', () => {
    for (const name of ['con', 'a.txt.', 'a:b', 'a*']) expect(examine(`/${name}`, 'linux')).toBe(Usable);
    expect(examine('/a\\b', 'linux')).toBe(Unusable);
    expect(examine('/.a', 'linux')).toBe(Hidden);
  });
});

test('a request that is cut in the middle of a large file leaves nothing open', async () => {
  const site = new Site({ 'large.bin': Buffer.alloc(20_000_000) });
  const serving = await serve(site);
  for (let round = 0; round < 20; round += 1) {
    const headers = round % 2 === 0 ? '' : 'Range: bytes=0-1000000,5000000-9000000\r\n';
    await new Promise<void>((resolve, reject) => {
      const socket = connect(serving.port, '127.0.0.1', () => {
        socket.write(`GET /large.bin HTTP/1.1\r\nHost: a\r\n${headers}\r\n`);
      });
      socket.on('error', reject);
      if (round % 5 === 4) {
        // Before anything has arrived.
        setImmediate(() => socket.resetAndDestroy());
      } else socket.once('data', () => socket.resetAndDestroy());
      socket.on('close', () => resolve());
    });
  }
  await until('all files are closed', () => openFiles(site.root) === 0);
  expect(serving.log).toBe('');
});
