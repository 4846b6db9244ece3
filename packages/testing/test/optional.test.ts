import { afterEach, expect, test, vi } from 'vitest';
import { optional } from '../src/index.ts';

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

test('a part that is there lets the tests run', () => {
  vi.stubEnv('FAPWS_REQUIRE_OPTIONAL', '1');
  expect(optional('there', true, 'nothing to do')).toBe(true);
});

test('a missing part skips the tests and says once how to get it', () => {
  vi.stubEnv('FAPWS_REQUIRE_OPTIONAL', '');
  const warn = vi.spyOn(console, 'warn').mockReturnValue();
  expect(optional('a missing part', false, 'apt-get install it')).toBe(false);
  expect(optional('a missing part', false, 'apt-get install it')).toBe(false);
  expect(warn.mock.calls).toEqual([
    ['skipped: a missing part is not here; to run the tests that need it: apt-get install it'],
  ]);
});

test('a missing part is an error where FAPWS_REQUIRE_OPTIONAL is set', () => {
  vi.stubEnv('FAPWS_REQUIRE_OPTIONAL', '1');
  expect(() => optional('a missing part', false, 'apt-get install it')).toThrow(/apt-get install it/);
});
