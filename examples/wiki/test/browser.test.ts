// The wiki as its visitors use it, in a real browser: log in, write, upload a picture, and find it all when the server has
// been started again.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Chromium, chromium, Example, optional } from '@fapws/testing';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

// A browser and a server are started here, maybe on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const here = optional('Chromium', chromium !== undefined, 'apt-get install chromium');
const example = new Example(import.meta.dirname);

/** A red dot. */
const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==',
  'base64',
);

describe.runIf(here)('in Chromium', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fapws-wiki-browser-'));
  let program = example.start({ DATA: folder });
  let browser: Chromium;
  let origin: string;

  beforeAll(async () => {
    browser = new Chromium(chromium as string);
    origin = await program.origin();
    await browser.open(`${origin}/`);
  });

  afterAll(async () => {
    await browser[Symbol.asyncDispose]();
    await program[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  const where = (): Promise<string> => browser.evaluate('decodeURI(location.pathname)');
  const textOf = (selector: string): Promise<string> =>
    browser.evaluate(`document.querySelector(${JSON.stringify(selector)}).textContent`);
  const fill = (selector: string, text: string): Promise<void> =>
    browser.evaluate(
      `void (document.querySelector(${JSON.stringify(selector)}).value = ${JSON.stringify(text)})`,
    );
  const follow = (selector: string): Promise<void> => browser.load(() => browser.click(selector));

  test('who wants to write is asked to log in, and comes back to the page', async () => {
    expect(await where()).toBe('/pages/Home');
    await follow('footer a');
    expect(await where()).toBe('/login');
    await fill('[name=name]', 'mary');
    await fill('[name=password]', 'correct horse');
    await follow('[formaction="/register"]');
    expect(await where()).toBe('/pages/Home/edit');
    expect(await textOf('header form')).toContain('mary');
  });

  test('what is written is shown', async () => {
    await fill('textarea', '# News\n\nSee [[Another page]], **soon**.');
    await follow('main form button');
    expect(await where()).toBe('/pages/Home');
    expect(await textOf('main h2')).toBe('News');
    await follow('a.new');
    expect(await where()).toBe('/pages/Another page');
    expect(await textOf('main')).toContain('Nobody has written this page.');
  });

  test('a picture is uploaded, and shown in a page', async () => {
    writeFileSync(join(folder, 'dot.png'), png);
    await browser.load(() => browser.evaluate(`void (location.href = '/pictures')`));
    await browser.chooseFile('[type=file]', join(folder, 'dot.png'));
    await follow('main form button');
    const markup = await textOf('.pictures code');
    expect(markup).toMatch(/^!\[\]\([0-9a-f]{32}\.png\)$/);
    await browser.load(() => browser.evaluate(`void (location.href = '/pages/Dot/edit')`));
    await fill('textarea', markup.replace('[]', '[A dot]'));
    await follow('main form button');
    expect(await textOf('main h1')).toBe('Dot');
    expect(await browser.evaluate("document.querySelector('main img').decode().then(() => 'shown')")).toBe(
      'shown',
    );
  });

  test('it all is there when the server has been started again, and the visitor is still logged in', async () => {
    expect(await program.end('SIGTERM'), program.output).toBe(0);
    program = example.start({ DATA: folder, PORT: new URL(origin).port });
    await program.origin();
    await browser.load(() => browser.evaluate('location.reload()'));
    expect(await textOf('header form')).toContain('mary');
    expect(await browser.evaluate("document.querySelector('main img').decode().then(() => 'shown')")).toBe(
      'shown',
    );
  });

  test('who logs out can write no more', async () => {
    await follow('header form button');
    expect(await where()).toBe('/pages/Home');
    expect(await textOf('header')).toContain('Log in');
    await follow('footer a');
    expect(await where()).toBe('/login');
  });

  test('every page fits a narrow screen and follows the colour scheme', async () => {
    for (const path of ['/pages/Home', '/pages', '/pictures', '/login', '/pages/Home/history']) {
      await browser.load(() => browser.evaluate(`void (location.href = '${path}')`));
      await browser.look(320, 'dark');
      expect(await browser.evaluate('document.documentElement.scrollWidth'), path).toBe(320);
      const ground = await browser.evaluate<string>('getComputedStyle(document.body).backgroundColor');
      expect(Number(/\d+/.exec(ground)?.[0]), path).toBeLessThan(50);
    }
  });

  test('the browser had nothing to complain about and asked nobody else', () => {
    // A page that is not there yet, and nothing else.
    const complaints = browser.complaints.filter(
      complaint => !/Another%20page.*404|404.*Another%20page/.test(complaint),
    );
    expect(complaints).toEqual([]);
    expect(browser.requests.filter(url => !url.startsWith(`${origin}/`) && !url.startsWith('data:'))).toEqual(
      [],
    );
  });
});
