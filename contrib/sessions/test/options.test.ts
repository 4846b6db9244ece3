// Options that can't be: each is an error at once, which says what is wrong.

import Keyv from 'keyv';
import { describe, expect, test } from 'vitest';
import { MemoryStore, sessions } from '../src/index.ts';

describe('sessions', () => {
  test.each<[unknown, RegExp]>([
    [{ idel: 1 }, /no option called idel\. There are: store, idle/],
    [{ idle: 0 }, /idle is a number of seconds above 0, not 0/],
    [{ idle: '30' }, /idle .* not "30"/],
    [{ idle: Number.NaN }, /idle .* not NaN/],
    [{ absolute: -1 }, /absolute/],
    [{ absolute: Infinity }, /absolute is finite/],
    [{ idle: 60, refresh: 60 }, /refresh is less than idle/],
    [{ identity: 'user' }, /identity is a list/],
    [{ identity: [1] }, /identity is a list/],
    [{ conflicts: 'retry' }, /conflicts is one of "merge", "error", not "retry"/],
    [{ maxCharacters: 0 }, /maxCharacters/],
    [{ storeTimeout: 0 }, /storeTimeout/],
    [{ store: new Keyv() }, /throwOnErrors: true/],
    [{ cookie: { maxAge: 1 } }, /cookie has no option called maxAge/],
    [{ cookie: { name: 'a b' } }, /cookie\.name .* "a b"/],
    [{ cookie: { name: '__Host-sid' } }, /as cookie\.prefix/],
    [{ cookie: { prefix: 'Host-' } }, /prefix is one of/],
    [{ cookie: { prefix: '__Host-', secure: 'auto' } }, /unless cookie\.secure is true/],
    [{ cookie: { prefix: '__Secure-', secure: false } }, /unless cookie\.secure is true/],
    [{ cookie: { prefix: '__Host-', path: '/a' } }, /with another path/],
    [{ cookie: { prefix: '__Host-', domain: 'a.example' } }, /with a domain/],
    [{ cookie: { sameSite: 'None' } }, /'None' unless/],
    [{ cookie: { sameSite: 'lax' } }, /sameSite is one of/],
    [{ cookie: { secure: 'yes' } }, /secure is one of true, false, "auto"/],
    [{ cookie: { httpOnly: 1 } }, /httpOnly is one of true, false/],
    [{ cookie: { path: 'app' } }, /begins with a slash/],
    [{ cookie: { path: '/;Domain=evil' } }, /cookie\.path/],
    [{ cookie: { domain: 'a;b' } }, /cookie\.domain/],
  ])('%o can’t be', (options, message) => {
    expect(() => sessions(options as object)).toThrow(RangeError);
    expect(() => sessions(options as object)).toThrow(message);
  });

  test.each<[unknown, RegExp]>([
    [null, /takes an object/],
    [{ store: 'redis://localhost' }, /lacks get/],
    [{ store: { get() {}, set() {} } }, /lacks delete/],
    [{ cookie: 'sid' }, /cookie takes an object/],
  ])('%o is of the wrong type', (options, message) => {
    expect(() => sessions(options as object)).toThrow(TypeError);
    expect(() => sessions(options as object)).toThrow(message);
  });

  test('undefined is what is left out', () => {
    expect(() =>
      sessions({ store: undefined, idle: undefined, cookie: { secure: undefined } }),
    ).not.toThrow();
  });
});

test('MemoryStore', () => {
  expect(() => new MemoryStore({ maxSessions: 1.5 })).toThrow(/MemoryStore: maxSessions is a whole number/);
  expect(() => new MemoryStore({ max: 1 } as object)).toThrow(/no option called max/);
  expect(() => new MemoryStore({ maxCharacters: Infinity })).not.toThrow();
});
