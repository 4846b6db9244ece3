// The store in memory: bounded by number and size, in the order of use, and without what has expired.

import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { MemoryStore } from '../src/index.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'], now: 0 }));
afterEach(() => void vi.useRealTimers());

describe('MemoryStore', () => {
  test('gives back what was set until its time is over', () => {
    const store = new MemoryStore();
    store.set('a', '1', 100);
    vi.setSystemTime(99);
    expect(store.get('a')).toBe('1');
    vi.setSystemTime(100);
    expect(store.get('a')).toBeUndefined();
    expect(store.size).toBe(0);
  });

  test('forgets what was not used for longest first', () => {
    const store = new MemoryStore({ maxSessions: 2 });
    store.set('a', '1', 100);
    store.set('b', '2', 100);
    store.get('a');
    store.set('c', '3', 100);
    expect(['a', 'b', 'c'].map(key => store.get(key))).toEqual(['1', undefined, '3']);
  });

  test('is bounded in characters, too', () => {
    const store = new MemoryStore({ maxCharacters: 30 });
    for (const key of ['a', 'b', 'c', 'd']) store.set(key, 'x'.repeat(9), 100);
    expect(['a', 'b', 'c', 'd'].map(key => store.get(key) === undefined)).toEqual([
      true,
      false,
      false,
      false,
    ]);
    store.set('e', 'x'.repeat(31), 100);
    expect(store.size).toBe(0);
  });

  test('ATTACK: a hundred thousand sessions that nobody comes back to take no more room than is allowed', () => {
    const store = new MemoryStore({ maxSessions: 1000 });
    for (let at = 0; at < 100_000; at += 1) store.set(`key ${at}`, 'x', 1000);
    expect(store.size).toBe(1000);
  });

  test('drops expired ones as others come, without being asked for them', () => {
    const store = new MemoryStore();
    for (let at = 0; at < 100; at += 1) store.set(`${at}`, 'x', 10);
    vi.setSystemTime(11);
    store.set('new', 'x', 10);
    expect(store.size).toBe(1);
  });

  test('replaces only what is expected', () => {
    const store = new MemoryStore();
    store.set('a', '1', 100);
    expect(store.replace('a', '0', '2', 100)).toBe(false);
    expect(store.replace('a', '1', '2', 100)).toBe(true);
    expect(store.replace('b', '1', '2', 100)).toBe(false);
    expect([store.get('a'), store.get('b')]).toEqual(['2', undefined]);
  });

  test('does what a simple model of it does', () => {
    const key = fc.constantFrom('a', 'b', 'c', 'd', 'e');
    const action = fc.oneof(
      fc.record({
        do: fc.constant('set' as const),
        key,
        length: fc.nat(5),
        ttl: fc.integer({ min: 1, max: 20 }),
      }),
      fc.record({ do: fc.constant('get' as const), key }),
      fc.record({ do: fc.constant('delete' as const), key }),
      fc.record({ do: fc.constant('wait' as const), for: fc.nat(10) }),
    );
    fc.assert(
      fc.property(fc.array(action, { maxLength: 60 }), actions => {
        vi.setSystemTime(0);
        const [maxSessions, maxCharacters] = [3, 14];
        const store = new MemoryStore({ maxSessions, maxCharacters });
        // In the order of use; the least recent first.
        let model: { key: string; value: string; expires: number }[] = [];
        for (const one of actions) {
          if (one.do === 'wait') vi.setSystemTime(Date.now() + one.for);
          else if (one.do === 'delete') {
            store.delete(one.key);
            model = model.filter(({ key }) => key !== one.key);
          } else if (one.do === 'set') {
            const value = 'x'.repeat(one.length);
            store.set(one.key, value, one.ttl);
            model = [
              ...model.filter(({ key }) => key !== one.key),
              { key: one.key, value, expires: Date.now() + one.ttl },
            ];
            const tooMuch = (): boolean =>
              model.length > maxSessions ||
              model.reduce((sum, { key, value }) => sum + key.length + value.length, 0) > maxCharacters;
            while (model[0] !== undefined && (tooMuch() || model[0].expires <= Date.now())) model.shift();
          } else {
            const found = model.find(({ key, expires }) => key === one.key && expires > Date.now());
            expect(store.get(one.key)).toBe(found?.value);
            model = model.filter(({ key }) => key !== one.key);
            if (found !== undefined) model.push(found);
          }
          expect(store.size).toBe(model.length);
        }
      }),
    );
  });
});
