import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  Chromium,
  chromium,
  Example,
  installed,
  makeBarePython,
  optional,
  type Program,
  pathTo,
  pythonWith,
  run,
  shownOrigin,
} from '@fapws/testing';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

// A server, its Pythons and a browser are started here, maybe on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const example = new Example(import.meta.dirname);
const python = pythonWith('django');
const folder = mkdtempSync(join(tmpdir(), 'fapws-django-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.runIf(python)('the bookshop', () => {
  let program: Program;
  let origin: string;
  beforeAll(async () => {
    program = example.start({ DATA: folder, PATH: pathTo(python) });
    origin = await program.origin();
  });
  afterAll(async () => program?.[Symbol.asyncDispose]());

  const get = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(origin + path, { headers, redirect: 'manual', signal: AbortSignal.timeout(20_000) });

  test.runIf(installed('curl'))('the README shows what comes out', async () => {
    const { shown, went } = await example.followReadme({ [shownOrigin]: origin });
    expect(went).toBe(shown);
  });

  test('every file that the admin’s first page links to is there, to be kept for ever, compressed on request', async () => {
    const html = await (await get('/admin/login/')).text();
    const links = [...html.matchAll(/(?:href|src)="(\/static\/[^"]+)"/g)].map(([, link]) => link as string);
    expect(links.length).toBeGreaterThan(2);
    for (const link of links) {
      const file = await get(link, { 'Accept-Encoding': 'gzip' });
      expect([link, file.status, file.headers.get('cache-control')]).toEqual([
        link,
        200,
        expect.stringContaining('immutable'),
      ]);
      expect(file.headers.get('vary')).toMatch(/accept-encoding/i);
    }
  });

  test('a form without its token is refused, a page that is not there tells nothing', async () => {
    const login = { method: 'POST', body: new URLSearchParams({ username: 'x', password: 'y' }) };
    expect((await fetch(`${origin}/admin/login/`, login)).status).toBe(403);
    const missing = await get('/nowhere');
    expect(missing.status).toBe(404);
    expect(await missing.text()).not.toMatch(/DEBUG|urlconf/i);
  });

  test('there is no change for which the models want another migration', () => {
    const environment = ['-C', example.folder, `DATA=${folder}`];
    const { code, output } = run('env', [
      ...environment,
      python as string,
      'manage.py',
      'makemigrations',
      '--check',
      '--dry-run',
    ]);
    expect(output).toContain('No changes detected');
    expect(code).toBe(0);
  });

  describe.runIf(optional('Chromium', chromium !== undefined, 'apt-get install chromium'))(
    'in Chromium',
    () => {
      let browser: Chromium;
      beforeAll(async () => {
        const account = [
          'DJANGO_SUPERUSER_USERNAME=librarian',
          'DJANGO_SUPERUSER_PASSWORD=correct horse',
          'DJANGO_SUPERUSER_EMAIL=librarian@bookshop.example',
        ];
        const command = [python as string, 'manage.py', 'createsuperuser', '--no-input'];
        const { code, output } = run('env', ['-C', example.folder, `DATA=${folder}`, ...account, ...command]);
        expect(code, output).toBe(0);
        browser = new Chromium(chromium as string);
        await browser.open(`${origin}/admin/`);
      });
      afterAll(async () => browser?.[Symbol.asyncDispose]());

      const where = (): Promise<string> => browser.evaluate('location.pathname');
      const textOf = (selector: string): Promise<string> =>
        browser.evaluate(`document.querySelector(${JSON.stringify(selector)}).textContent.trim()`);
      const styleOf = (selector: string, property: string): Promise<string> =>
        browser.evaluate(`getComputedStyle(document.querySelector(${JSON.stringify(selector)})).${property}`);
      const fill = (selector: string, text: string): Promise<void> =>
        browser.evaluate(
          `void (document.querySelector(${JSON.stringify(selector)}).value = ${JSON.stringify(text)})`,
        );
      const follow = (selector: string): Promise<void> => browser.load(() => browser.click(selector));
      const visit = (path: string): Promise<void> =>
        browser.load(() => browser.evaluate(`void (location.href = ${JSON.stringify(path)})`));

      test('the login has the styles of the admin, and lets the right ones in', async () => {
        expect(await where()).toBe('/admin/login/');
        // Django's own colour, from a file that @fapws/static has sent.
        expect(await styleOf('#header', 'backgroundColor')).toBe('rgb(65, 118, 144)');
        await fill('[name=username]', 'librarian');
        await fill('[name=password]', 'wrong');
        await follow('[type=submit]');
        expect(await textOf('.errornote')).toMatch(/correct username and password/);
        await fill('[name=username]', 'librarian');
        await fill('[name=password]', 'correct horse');
        await follow('[type=submit]');
        expect(await where()).toBe('/admin/');
        expect(await textOf('#user-tools')).toMatch(/librarian/i);
      });

      test('what is added is in its list, and on the page for everybody', async () => {
        await visit('/admin/catalog/author/add/');
        await fill('[name=name]', 'Zoë <b>');
        await follow('[name=_save]');
        expect(await textOf('.messagelist .success')).toMatch(/Zoë <b>/);
        await visit('/admin/catalog/book/add/');
        await fill('[name=title]', 'A “book”');
        await fill('[name=year]', '1999');
        await browser.evaluate('void (document.querySelector("[name=author]").selectedIndex = 1)');
        await follow('[name=_save]');
        expect(await where()).toBe('/admin/catalog/book/');
        expect(await textOf('#result_list tbody tr')).toMatch(/A “book”\s*Zoë <b>\s*1999/);
        await visit('/?q=zoë book');
        expect(await textOf('li')).toBe('A “book” Zoë <b>, 1999');
        expect(await styleOf('ul', 'listStyleType')).toBe('none');
        await visit('/?q=something else');
        expect(await textOf('li')).toBe('Nothing has these words.');
      });

      test('the browser had nothing to complain about and asked nobody else', () => {
        // Django's admin has no icon.
        expect(browser.complaints.filter(complaint => !complaint.includes('/favicon.ico'))).toEqual([]);
        const elsewhere = browser.requests.filter(
          url => !url.startsWith(`${origin}/`) && !url.startsWith('data:'),
        );
        expect(elsewhere).toEqual([]);
      });
    },
  );

  test('it ends when it is told to, with a line for each request', async () => {
    expect(await program.end('SIGTERM'), program.output).toBe(0);
    expect(program.output).toMatch(/"GET \/admin\/login\/ HTTP\/1\.1" 200 /);
    expect(program.output).not.toMatch(/Traceback/);
  });
});

test.runIf(installed('python3'))('without Django it says how to get it', async () => {
  const path = pathTo(makeBarePython(join(folder, 'bare')));
  await using program = example.start({ DATA: join(folder, 'none'), PATH: path });
  expect(await program.end()).toBe(1);
  expect(program.output).toContain(
    'Get it with apt-get install python3-django, or into an active virtual environment',
  );
  expect(program.output).not.toContain('Traceback');
});
