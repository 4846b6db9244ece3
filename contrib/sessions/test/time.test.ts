// Sessions end when they are idle, and when they are old.

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Browser, visit } from './browser.ts';

beforeEach(() => {
  // Only the date stands still; everything waits as ever.
  vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-01-01T00:00:00Z') });
});

afterEach(() => {
  vi.useRealTimers();
});

const wait = (seconds: number): void => void vi.setSystemTime(Date.now() + seconds * 1000);

describe('time', () => {
  test('a session ends when it was not used for idle seconds', async () => {
    const browser = new Browser({ idle: 100, refresh: 1 });
    await browser.send(visit);
    for (let at = 0; at < 5; at += 1) {
      wait(99);
      expect(await browser.data()).toEqual({ visits: 1 });
    }
    wait(100);
    expect(await browser.data()).toEqual({});
    // The id is not taken up again either.
    const old = browser.id;
    expect((await browser.send(visit)).json()).toBe(1);
    expect(browser.id).not.toBe(old);
  });

  test('a session ends after absolute seconds, however much it is used', async () => {
    const browser = new Browser({ idle: 100, absolute: 250, refresh: 1 });
    await browser.send(visit);
    for (const visits of [2, 3, 4]) {
      wait(80);
      expect((await browser.send(visit)).json()).toBe(visits);
    }
    wait(9);
    expect((await browser.send(visit)).json()).toBe(5);
    wait(1);
    expect((await browser.send(visit)).json()).toBe(1);
  });

  test('the store may forget it then, and not before', async () => {
    const browser = new Browser({ idle: 100, absolute: 250, refresh: 1 });
    await browser.send(visit);
    wait(90);
    await browser.send(visit);
    wait(90);
    await browser.send(visit);
    expect(browser.store.ttls).toEqual([100_000, 100_000, 70_000]);
  });

  test('that it was used is written at most every refresh seconds', async () => {
    const browser = new Browser({ idle: 100, refresh: 10 });
    await browser.send(visit);
    browser.store.taken();
    wait(9.9);
    await browser.data();
    expect(browser.store.taken()).toEqual(['get']);
    wait(0.1);
    await browser.data();
    expect(browser.store.taken()).toEqual(['get', 'get', 'set']);
    wait(9);
    await browser.data();
    expect(browser.store.taken()).toEqual(['get']);
  });

  test('without an idle limit only the absolute one counts, and use is not written down', async () => {
    const browser = new Browser({ idle: Infinity, absolute: 1000 });
    await browser.send(visit);
    browser.store.taken();
    wait(999);
    expect(await browser.data()).toEqual({ visits: 1 });
    expect(browser.store.taken()).toEqual(['get']);
    wait(1);
    expect(await browser.data()).toEqual({});
  });
});
