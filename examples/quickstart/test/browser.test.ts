// The page in a real browser: its policy, its script and its looks are what a browser makes of them.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Chromium, chromium, optional, type Program } from '@fapws/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { quickstart } from './program.ts';

// A browser and a server are started here, maybe on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const here = optional('Chromium', chromium !== undefined, 'apt-get install chromium');

describe.runIf(here)('in Chromium', () => {
  let folder: string;
  let program: Program;
  let origin: string;
  let browser: Chromium;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'fapws-quickstart-'));
    program = quickstart();
    browser = new Chromium(chromium as string);
    origin = await program.origin();
  });

  beforeEach(() => browser.open(`${origin}/`));

  afterAll(async () => {
    await browser[Symbol.asyncDispose]();
    await program[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  test('the form shows what was written, as text', async () => {
    const word = '<img src=x onerror="alert(1)"> & é';
    await browser.evaluate(`document.querySelector('[name=word]').value = ${JSON.stringify(word)}`);
    await browser.load(() => browser.click('form[action=form] button'));
    expect(await browser.evaluate('location.pathname')).toBe('/form');
    expect(await browser.evaluate("document.querySelector('td').textContent")).toBe(word);
  });

  test('an upload is counted and its progress shown', async () => {
    const file = join(folder, 'file.bin');
    writeFileSync(file, new Uint8Array(7_654_321));
    await browser.chooseFile('#upload input', file);
    await browser.click('#upload button');
    await browser.shows('#upload-result', /^7,654,321 bytes in [\d,]+ pieces, \d+ ms$/);
    expect(await browser.evaluate("document.querySelector('#upload-progress').value")).toBe(1);
  });

  test('ticks come until they are stopped', async () => {
    await browser.click('#ticks button');
    await browser.shows('#ticks-result', /^Tick 2 at \d\d:\d\d:\d\d UTC$/);
    await browser.click('#ticks button');
    await browser.shows('#ticks-result', /^Stopped\.$/);
    await program.prints(/ticks: the client left after tick 2\n/);
  });

  test.each(['', 'environ/a?b=c'])('/%s fits a narrow screen', async path => {
    await browser.open(`${origin}/${path}`);
    await browser.look(320, 'light');
    expect(await browser.evaluate('document.documentElement.scrollWidth')).toBe(320);
  });

  test('the page follows the colour scheme', async () => {
    const brightness = () =>
      browser.evaluate<number>('+/\\d+/.exec(getComputedStyle(document.body).backgroundColor)[0]');
    await browser.look(1280, 'light');
    expect(await brightness()).toBeGreaterThan(200);
    await browser.look(1280, 'dark');
    expect(await brightness()).toBeLessThan(50);
  });

  test('the browser had nothing to complain about and asked nobody else', () => {
    expect(browser.complaints).toEqual([]);
    expect(browser.requests.filter(url => !url.startsWith(`${origin}/`) && !url.startsWith('data:'))).toEqual(
      [],
    );
  });
});
