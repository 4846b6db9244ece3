import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Example, installed, shownOrigin } from '@fapws/testing';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

// A process is started here, maybe on a busy machine.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

const example = new Example(import.meta.dirname);
const folder = mkdtempSync(join(tmpdir(), 'fapws-forms-and-uploads-'));
const program = example.start({ UPLOADS: folder });
let origin: string;
beforeAll(async () => {
  origin = await program.origin();
});
afterAll(async () => {
  await program[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

const post = (
  path: string,
  body: URLSearchParams | FormData | string,
  headers: Record<string, string> = {},
): Promise<Response> =>
  fetch(origin + path, {
    method: 'POST',
    body,
    headers,
    redirect: 'manual',
    signal: AbortSignal.timeout(20_000),
  });
const home = async (): Promise<string> => (await fetch(`${origin}/`)).text();

test.runIf(installed('curl'))('the README shows what comes out', async () => {
  const { shown, went } = await example.followReadme({ [shownOrigin]: origin });
  expect(went).toBe(shown);
});

describe('the form', () => {
  test('that is right ends with a redirect to a page that says so, escaped', async () => {
    const response = await post('/booking', new URLSearchParams({ name: '<b>', guests: '1', meal: 'soup' }));
    expect(response.status).toBe(303);
    const page = await (await fetch(origin + response.headers.get('location'))).text();
    expect(page).toContain('<p role="status">Booked. &lt;b&gt;: a table for 1, with soup.</p>');
  });

  test('that is wrong comes back with what was typed, escaped', async () => {
    const response = await post(
      '/booking',
      new URLSearchParams({ name: '"><script>', guests: '0', meal: 'cake' }),
    );
    expect(response.status).toBe(422);
    const page = await response.text();
    expect(page).toContain('value="&quot;&gt;&lt;script&gt;"');
    expect(page).toContain('value="cake" checked');
    expect(page).not.toContain('value="soup" checked');
    expect(page.match(/role="alert"/g)).toHaveLength(1);
  });

  test('does not take what it does not offer', async () => {
    const response = await post('/booking', new URLSearchParams({ name: 'x', guests: '2', meal: 'lobster' }));
    expect(await response.text()).toContain('Choose from these.');
  });

  test.each([
    ['too long a field', new URLSearchParams({ name: 'x'.repeat(201) }), 413],
    ['too many fields', new URLSearchParams(Array(11).fill(['meal', 'soup']) as [string, string][]), 413],
    ['another type', '{}', 415],
  ])('with %s is refused', async (_what, body, status) => {
    expect((await post('/booking', body)).status).toBe(status);
  });

  test('that a page of another site sends is refused', async () => {
    const response = await post('/booking', new URLSearchParams({ name: 'x' }), {
      'Sec-Fetch-Site': 'cross-site',
    });
    expect(response.status).toBe(403);
  });
});

describe('a file', () => {
  function formWith(...files: [name: string, content: Uint8Array][]): FormData {
    const form = new FormData();
    for (const [name, content] of files) form.append('files', new Blob([new Uint8Array(content)]), name);
    return form;
  }

  test('comes back as it was sent, as a download with its name', async () => {
    const content = randomBytes(3_000_000);
    expect((await post('/files', formWith(['Zoë & <b>.html', content]))).status).toBe(303);
    const [, path] = /href="(\/files\/[^"]+)">Zoë &amp; [^<]*<\/a> 3,000,000 bytes/.exec(await home()) ?? [];
    const response = await fetch(origin + path);
    expect(response.headers.get('content-disposition')).toMatch(
      /^attachment; filename\*=UTF-8''Zo%C3%AB%20%26%20/,
    );
    expect(response.headers.get('content-type')).toBe('application/octet-stream');
    const digest = (data: Uint8Array): string => createHash('sha256').update(data).digest('hex');
    expect(digest(new Uint8Array(await response.arrayBuffer()))).toBe(digest(content));
  });

  test('whose name leads elsewhere stays here', async () => {
    await post('/files', formWith(['../../../outside.txt', Buffer.from('x')]));
    expect(await home()).toContain('>outside.txt</a>');
    for (const path of ['/files/..%2fpackage.json', '/files/package.json'])
      expect((await fetch(origin + path)).status).toBeGreaterThanOrEqual(400);
  });

  test('that is too large is refused, and nothing of it stays', async () => {
    const before = readdirSync(folder).length;
    const response = await post('/files', formWith(['large.bin', new Uint8Array(33 * 1024 ** 2)]));
    expect(response.status).toBe(413);
    await expect.poll(() => readdirSync(folder).length).toBe(before);
  });

  test('makes room for newer ones', async () => {
    for (let round = 0; round < 5; round += 1) {
      const names = Array.from({ length: 5 }, (_, at) => `many-${round}-${at}`);
      await post('/files', formWith(...names.map(name => [name, Buffer.from(name)] as [string, Uint8Array])));
    }
    expect((await home()).match(/<li>/g)).toHaveLength(20);
    expect(await home()).toContain('>many-4-4</a>');
  });
});
