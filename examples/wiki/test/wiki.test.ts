import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Example, installed, shownOrigin } from '@fapws/testing';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { Client } from './client.ts';

// A process is started here, maybe on a busy machine.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

const example = new Example(import.meta.dirname);
const folder = mkdtempSync(join(tmpdir(), 'fapws-wiki-'));
const program = example.start({ DATA: folder });
let origin: string;
let mary: Client;
beforeAll(async () => {
  origin = await program.origin();
  mary = new Client(origin);
  expect((await mary.register('mary')).headers.get('location')).toBe('/');
});
afterAll(async () => {
  await program[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

const anybody = (): Client => new Client(origin);

/** Edits a page as its form does. */
async function write(client: Client, page: string, text: string): Promise<Response> {
  const form = await client.text(`/pages/${page}/edit`);
  const seen = /name="seen" value="(\d+)"/.exec(form)?.[1] as string;
  return client.send(`/pages/${page}/edit`, `/pages/${page}`, { text, seen });
}

test.runIf(installed('curl'))('the README shows what comes out', async () => {
  const { shown, went } = await example.followReadme({ [shownOrigin]: origin });
  expect(went).toBe(shown);
});

describe('pages', () => {
  test('a page is written, shown, found and listed, whatever its language', async () => {
    expect((await anybody().ask('/pages/Caf%C3%A9')).status).toBe(404);
    const saved = await write(mary, 'Caf%C3%A9', '# Drinks\n\nTea <script>alert(1)</script>');
    expect([saved.status, saved.headers.get('location')]).toEqual([303, '/pages/Caf%C3%A9']);
    const page = await anybody().text('/pages/Caf%C3%A9');
    expect(page).toContain('<h2>Drinks</h2>');
    expect(page).toContain('<p>Tea &lt;script&gt;alert(1)&lt;/script&gt;</p>');
    expect(page).toMatch(/mary, \d{4}-\d\d-\d\d \d\d:\d\d UTC/);
    expect(await anybody().text('/pages?words=drinks')).toContain('<a href="/pages/Caf%C3%A9">Café</a>');
    expect(await anybody().text('/pages?words=coffee')).toContain('There is no such page.');
  });

  test('a search finds what is there now, and each page once', async () => {
    await write(mary, 'Fruit', 'apples');
    await write(mary, 'Fruit', 'pears');
    await write(mary, 'Fruit', 'pears and plums');
    expect((await anybody().text('/pages?words=PEARS')).match(/<li>/g)).toHaveLength(1);
    expect(await anybody().text('/pages?words=apples')).toContain('There is no such page.');
  });

  test('two who edit at once: the second one is told, keeps the words, and can save them', async () => {
    await write(mary, 'Shared', 'first');
    const peter = anybody();
    await peter.register('peter');
    const seen = '1';
    expect((await peter.send('/pages/Shared/edit', '/pages/Shared', { text: "peter's", seen })).status).toBe(
      303,
    );
    const conflict = await mary.send('/pages/Shared/edit', '/pages/Shared', { text: "mary's", seen });
    expect(conflict.status).toBe(409);
    const form = await conflict.text();
    expect(form).toMatch(/role="alert">Meanwhile peter/);
    expect(form).toContain('<pre>peter&#39;s</pre>');
    expect(form).toContain('\nmary&#39;s</textarea>');
    expect(form).toContain('name="seen" value="2"');
    await write(mary, 'Shared', 'both');
    const history = await anybody().text('/pages/Shared/history');
    expect(history.match(/<li value="\d">/g)).toEqual(['<li value="3">', '<li value="2">', '<li value="1">']);
    expect(await anybody().text('/pages/Shared?revision=1')).toContain('<p>first</p>');
    expect((await anybody().ask('/pages/Shared?revision=nine')).status).toBe(404);
  });

  test.each(['%3Cb%3E', '-', 'x'.repeat(61)])('there is no page called %s', async name => {
    for (const path of [`/pages/${name}`, `/pages/${name}/edit`, `/pages/${name}/history`])
      expect((await mary.ask(path)).status, path).toBe(404);
    expect((await mary.send('/pages/Home/edit', `/pages/${name}`, { text: 'x', seen: '0' })).status).toBe(
      404,
    );
  });

  test('a text that is too long is refused', async () => {
    expect((await write(mary, 'Long', 'x'.repeat(100_001))).status).toBe(413);
  });
});

describe('accounts', () => {
  test('a login gets another session, and a logout ends it', async () => {
    const client = anybody();
    await client.text('/login');
    const before = client.cookie;
    const login = await client.send('/login?next=/pages', '/login', {
      name: 'mary',
      password: 'correct horse',
      next: '/pages',
    });
    expect(login.headers.get('location')).toBe('/pages');
    const loggedIn = client.cookie as string;
    expect(loggedIn).not.toBe(before);
    expect(await client.text('/pages/Home')).toContain('Log out');
    await client.send('/pages/Home', '/logout', {});
    const thief = await fetch(`${origin}/pages/Home`, { headers: { Cookie: `session=${loggedIn}` } });
    expect(await thief.text()).toContain('Log in');
  });

  test.each([
    ['a wrong password', { name: 'mary', password: 'wrong horse' }],
    ['a name that nobody has', { name: 'nobody', password: 'correct horse' }],
    ['nothing', {}],
  ])('%s is refused in the same words', async (_what, fields) => {
    const response = await anybody().send('/login', '/login', fields);
    expect(response.status).toBe(422);
    expect(await response.text()).toContain('No account has this name and this password.');
  });

  test.each([
    ['mary', 'another password', 'Somebody has this name already.'],
    ['susan', 'short', 'A password has 10 characters or more.'],
    ['../x', 'long enough, this', 'A name has 2 to 30'],
  ])('no account is made for %s with %s', async (name, password, why) => {
    const response = await anybody().register(name, password);
    expect(response.status).toBe(422);
    expect(await response.text()).toContain(why);
  });

  test('a link that leads elsewhere after the login does not', async () => {
    const fields = { name: 'mary', password: 'correct horse', next: '//elsewhere.example/' };
    expect((await anybody().send('/login', '/login', fields)).headers.get('location')).toBe('/');
  });

  test('many who try passwords at once do not stop the others', async () => {
    const client = anybody();
    const token = await client.token('/login');
    const body = (): URLSearchParams => new URLSearchParams({ token, name: 'mary', password: 'guessed' });
    const tries = Array.from({ length: 30 }, () => client.ask('/login', { method: 'POST', body: body() }));
    expect((await anybody().ask('/pages/Home')).status).toBe(200);
    const statuses = (await Promise.all(tries)).map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set([422, 503]));
  });
});

describe('forms of other sites', () => {
  test.each(['/login', '/register', '/logout', '/pages/Home', '/pictures'])(
    'POST %s needs a token',
    async path => {
      const fields = path === '/pages/Home' ? { text: 'spam', seen: '1' } : {};
      const body = (token: string): URLSearchParams => new URLSearchParams({ token, ...fields });
      for (const token of ['', 'undefined', await anybody().token('/login')])
        expect((await mary.ask(path, { method: 'POST', body: body(token) })).status).toBe(403);
      expect(await anybody().text('/pages/Home')).not.toContain('spam');
    },
  );

  test('who is not logged in can write nothing, with any token', async () => {
    const client = anybody();
    for (const [path, fields] of [
      ['/pages/Home', { text: 'spam', seen: '1' }],
      ['/pictures', {}],
    ] as const) {
      expect((await client.send('/login', path, fields)).headers.get('location')).toBe('/login');
    }
    expect((await client.ask('/pages/Home/edit')).headers.get('location')).toBe(
      '/login?next=%2Fpages%2FHome%2Fedit',
    );
  });
});

describe('pictures', () => {
  const png = Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), Buffer.alloc(100)]);
  const upload = (content: Uint8Array, name: string): Promise<Response> =>
    mary.send('/pictures', '/pictures', { picture: new File([new Uint8Array(content)], name) });

  test('a picture is kept under a name of ours and sent as what it is', async () => {
    expect((await upload(png, '../../evil.html')).headers.get('location')).toBe('/pictures');
    const [, name] = /src="\/pictures\/([0-9a-f]{32}\.png)"/.exec(await anybody().text('/pictures')) ?? [];
    const response = await anybody().ask(`/pictures/${name}`);
    expect(response.headers.get('content-type')).toBe('image/png');
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(response.headers.get('cache-control')).toContain('immutable');
    expect(Buffer.from(await response.arrayBuffer()).equals(png)).toBe(true);
  });

  test.each([
    ['what only says that it is one', Buffer.from('<script>alert(1)</script>'), 'x.png'],
    ['a picture that can have scripts', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'), 'x.svg'],
    ['nothing', Buffer.alloc(0), 'x.png'],
  ])('%s is refused', async (_what, content, name) => {
    const before = readdirSync(join(folder, 'pictures')).length;
    expect((await upload(content, name)).headers.get('location')).toBe('/pictures?refused=1');
    expect(readdirSync(join(folder, 'pictures'))).toHaveLength(before);
  });
});

test('nothing that was asked for here has gone wrong on the server', () => {
  expect(program.output.split('\n').filter(line => /^\s+at |" 500 /.test(line))).toEqual([]);
});
