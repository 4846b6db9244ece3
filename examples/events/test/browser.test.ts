// The page in a real browser: it hears what is said, shows it as text, and comes back when the server has been away.

import { Chromium, chromium, Example, optional } from '@fapws/testing';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

// A browser and a server are started here, maybe on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const here = optional('Chromium', chromium !== undefined, 'apt-get install chromium');
const example = new Example(import.meta.dirname);

describe.runIf(here)('in Chromium', () => {
  let program = example.start();
  let browser: Chromium;
  let origin: string;

  beforeAll(async () => {
    browser = new Chromium(chromium as string);
    origin = await program.origin();
    await browser.open(`${origin}/`);
    await browser.shows('#state', /^Listening\.$/);
  });

  afterAll(async () => {
    await browser[Symbol.asyncDispose]();
    await program[Symbol.asyncDispose]();
  });

  const say = (text: string): Promise<Response> => fetch(`${origin}/lobby`, { method: 'POST', body: text });

  test('what others say is shown, as text', async () => {
    await say('<img src=x onerror="alert(1)"> & é');
    await browser.shows('#messages', /^<img src=x onerror="alert\(1\)"> & é$/);
    expect(await browser.evaluate("document.querySelectorAll('#messages img').length")).toBe(0);
  });

  test('what is written here is said, and heard here too', async () => {
    await browser.evaluate("document.querySelector('[name=text]').value = 'from the page'");
    await browser.click('#say button');
    await browser.shows('#messages', /^from the page/);
  });

  test('it fits a narrow screen and had nothing to complain about', async () => {
    await browser.look(320, 'light');
    expect(await browser.evaluate('document.documentElement.scrollWidth')).toBe(320);
    expect(browser.complaints).toEqual([]);
  });

  test('a page that lost its server comes back to the next one', async () => {
    expect(await program.end('SIGTERM')).toBe(0);
    await browser.shows('#state', /^Disconnected/);
    program = example.start({ PORT: new URL(origin).port });
    await program.origin();
    await browser.shows('#state', /^Listening\.$/);
    await say('welcome back');
    await browser.shows('#messages', /^welcome back/);
  });
});
