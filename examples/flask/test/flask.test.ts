import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  Example,
  installed,
  makeBarePython,
  type Program,
  pathTo,
  pythonWith,
  run,
  shownOrigin,
} from '@fapws/testing';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

// A server and its Pythons are started here, maybe on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const example = new Example(import.meta.dirname);
const python = pythonWith('flask');
const folder = mkdtempSync(join(tmpdir(), 'fapws-flask-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A red dot. */
const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==',
  'base64',
);

describe.runIf(python)('the guestbook', () => {
  let program: Program;
  let origin: string;
  beforeAll(async () => {
    program = example.start({ DATA: folder, PATH: pathTo(python) });
    origin = await program.origin();
  });
  afterAll(async () => program?.[Symbol.asyncDispose]());

  const get = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(origin + path, { headers, signal: AbortSignal.timeout(20_000) });
  const page = async (headers?: Record<string, string>): Promise<string> => (await get('/', headers)).text();

  function sign(
    fields: Record<string, string>,
    picture: Uint8Array<ArrayBuffer> | null = null,
    headers: Record<string, string> = {},
  ): Promise<Response> {
    const body = new FormData();
    for (const [name, value] of Object.entries(fields)) body.append(name, value);
    if (picture !== null) body.append('picture', new Blob([picture]), '../../dot.html');
    const signal = AbortSignal.timeout(20_000);
    return fetch(`${origin}/`, { method: 'POST', body, headers, redirect: 'manual', signal });
  }
  const cookieOf = (answer: Response): string => answer.headers.getSetCookie()[0]?.split(';')[0] as string;

  test.runIf(installed('curl'))('the README shows what comes out', async () => {
    const { shown, went } = await example.followReadme({ [shownOrigin]: origin });
    expect(went).toBe(shown);
  });

  test('who signs it is thanked once, and known by every process from then on', async () => {
    const answer = await sign({ name: 'Zoë <b>', text: 'a & b' });
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/']);
    const cookie = cookieOf(answer);
    const thanks = await get('/', { Cookie: cookie });
    const text = await thanks.text();
    expect(text).toContain('<p role="status">Thank you!</p>');
    expect(text).toContain('<h2>Zoë &lt;b&gt; <time');
    expect(text).toContain('<p>a &amp; b</p>');
    const known = cookieOf(thanks);
    const later = await Promise.all(Array.from({ length: 20 }, () => page({ Cookie: known })));
    for (const seen of later) {
      expect(seen).toContain('value="Zoë &lt;b&gt;"');
      expect(seen).not.toContain('Thank you');
    }
    expect(await page()).toContain('name="name" value=""');
  });

  test('a form that says too little comes back with what was typed', async () => {
    const answer = await sign({ name: ' ', text: 'who am <i>' });
    expect(answer.status).toBe(422);
    const text = await answer.text();
    expect(text).toContain('<p role="alert">A name and some words, please.</p>');
    expect(text).toContain('>who am &lt;i&gt;</textarea>');
  });

  test('a form of another site is refused', async () => {
    const answer = await sign({ name: 'x', text: 'x' }, null, { 'Sec-Fetch-Site': 'cross-site' });
    expect(answer.status).toBe(403);
  });

  test('a picture comes back as it was sent, and only as a picture', async () => {
    expect((await sign({ name: 'painter', text: 'a dot' }, png)).status).toBe(303);
    const [, path] = /src="(\/pictures\/[0-9a-f]{32}\.png)"/.exec(await page()) ?? [];
    const picture = await get(path as string);
    expect(Buffer.from(await picture.arrayBuffer())).toEqual(png);
    expect(Object.fromEntries(picture.headers)).toMatchObject({
      'content-type': 'image/png',
      'content-security-policy': 'sandbox',
      'x-content-type-options': 'nosniff',
    });
  });

  test('what is no picture is not kept', async () => {
    const answer = await sign({ name: 'x', text: 'x' }, new Uint8Array(Buffer.from('<script>')));
    expect([answer.status, await answer.text()]).toEqual([
      422,
      expect.stringContaining('A PNG, JPEG or GIF'),
    ]);
  });

  test('what is too large is refused by the server', async () => {
    expect((await sign({ name: 'x', text: 'x' }, new Uint8Array(10 * 1024 ** 2))).status).toBe(413);
  });

  test('all entries are streamed, however many there are, compressed or not', async () => {
    const insert =
      'import sqlite3, sys; db = sqlite3.connect(sys.argv[1]);' +
      'db.executemany("INSERT INTO entry (name, text) VALUES (?, ?)", [("many", str(i)) for i in range(1200)]); db.commit()';
    expect(run('python3', ['-c', insert, join(folder, 'guestbook.db')])).toEqual({ code: 0, output: '' });
    const plain = await get('/entries.jsonl', { 'Accept-Encoding': 'identity' });
    expect(plain.headers.get('content-length')).toBeNull();
    const text = await plain.text();
    const entries = text
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line) as { name: string; text: string });
    expect(entries.filter(({ name }) => name === 'many').map(entry => Number(entry.text))).toEqual(
      Array.from({ length: 1200 }, (_, number) => number),
    );
    const compressed = await get('/entries.jsonl', { 'Accept-Encoding': 'gzip' });
    expect(await compressed.text()).toBe(text);
  });

  test('the style comes from the server', async () => {
    const [, path] = /href="(\/static\/[^"]+)"/.exec(await page()) ?? [];
    const style = await get(path as string);
    expect([style.status, style.headers.get('cache-control'), style.headers.get('content-encoding')]).toEqual(
      [200, expect.stringContaining('max-age=60'), expect.any(String)],
    );
  });

  test('it ends when it is told to, with a line for each request', async () => {
    expect(await program.end('SIGTERM'), program.output).toBe(0);
    expect(program.output).toMatch(/"POST \/ HTTP\/1\.1" 303 /);
    expect(program.output).not.toMatch(/Traceback|Error/);
  });
});

test.runIf(installed('python3'))('without Flask it says how to get it', async () => {
  const path = pathTo(makeBarePython(join(folder, 'bare')));
  await using program = example.start({ DATA: join(folder, 'none'), PATH: path });
  expect(await program.end()).toBe(1);
  expect(program.output).toContain('Get Flask: apt-get install python3-flask, or pip install flask');
});
