import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Example, installed, shownOrigin } from '@fapws/testing';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';

// A process is started here, maybe on a busy machine.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

const example = new Example(import.meta.dirname);
const site = join(example.folder, 'public');
const folder = mkdtempSync(join(tmpdir(), 'fapws-static-site-'));
const program = example.start();
let origin: string;
beforeAll(async () => {
  origin = await program.origin();
});
afterAll(async () => {
  await program[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

const get = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(origin + path, { headers, signal: AbortSignal.timeout(10_000) });

test.runIf(installed('curl'))('the README shows what comes out', async () => {
  const { shown, went } = await example.followReadme({
    [shownOrigin]: origin,
    '/tmp/tag': join(folder, 'tag'),
  });
  expect(went).toBe(shown);
});

test('all that the page links to is there, with its type', async () => {
  const html = await (await get('/')).text();
  const links = [...html.matchAll(/(?:href|src)="([^"]+)"/g)].map(([, link]) => link as string);
  expect(links.length).toBeGreaterThan(5);
  const types = await Promise.all(
    [...new Set(links)].map(async link => {
      const response = await get(link);
      return `${response.status} ${response.headers.get('content-type')}`;
    }),
  );
  expect(types.sort()).toEqual([
    '200 image/svg+xml',
    '200 image/svg+xml',
    '200 image/svg+xml',
    '200 text/css; charset=utf-8',
    '200 text/html; charset=utf-8',
    '200 text/plain; charset=utf-8',
  ]);
});

test('names that are good for ever have the hash of what is in them', () => {
  const names = readdirSync(join(site, 'assets'));
  expect(names.length).toBeGreaterThan(0);
  for (const name of names) {
    const hash = createHash('sha256')
      .update(readFileSync(join(site, 'assets', name)))
      .digest('hex');
    expect(name).toContain(`.${hash.slice(0, 8)}.`);
  }
});

test('compressed or not, a file is the same', async () => {
  const squares = readFileSync(join(site, 'tables/squares.txt'), 'utf8');
  for (const coding of ['identity', 'gzip', 'br']) {
    const response = await get('/tables/squares.txt', { 'Accept-Encoding': coding });
    expect(response.headers.get('content-encoding') ?? 'identity').toBe(coding);
    expect(await response.text()).toBe(squares);
  }
});

test('nothing is written but what was asked for: a line for each request, the last ones at the end', async () => {
  await using own = example.start();
  const address = await own.origin();
  for (const path of ['/', '/pictures', '/nowhere']) await fetch(address + path, { redirect: 'manual' });
  expect(await own.end('SIGTERM')).toBe(0);
  const lines = own.output.split('\n').filter(line => line.includes('"GET '));
  expect(lines.map(line => / "GET (\S+) HTTP\/1\.1" (\d+) /.exec(line)?.slice(1))).toEqual([
    ['/', '200'],
    ['/pictures', expect.stringMatching(/^30[1278]$/)],
    ['/nowhere', '404'],
  ]);
});
