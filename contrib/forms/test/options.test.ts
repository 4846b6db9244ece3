// Options that can't be: each is an error at once, which names it. It is the program's, not the client's.

import type { Environ } from '@fapws/core';
import { expect, test } from 'vitest';
import { FormError, readForm, readQuery } from '../src/index.ts';

const environ = { QUERY_STRING: '' } as unknown as Environ;

test.each([
  [null, TypeError, /object of options/],
  ['x', TypeError, /object of options/],
  [{ limit: {} }, RangeError, /limit\. There are: limits, directory, onFile/],
  [{ limits: 1 }, TypeError, /limits/],
  [{ limits: null }, TypeError, /limits/],
  [{ limits: { fileSize: 1 } }, RangeError, /fileSize\. There are: fields, name/],
  [{ limits: { file: -1 } }, RangeError, /limits\.file/],
  [{ limits: { file: 1.5 } }, RangeError, /limits\.file/],
  [{ limits: { file: '1' } }, RangeError, /limits\.file/],
  [{ limits: { file: Number.NaN } }, RangeError, /limits\.file/],
  [{ directory: '' }, TypeError, /directory/],
  [{ directory: 1 }, TypeError, /directory/],
  [{ onFile: 'x' }, TypeError, /onFile/],
])('%j', (options, kind, message) => {
  const read = () => readForm(environ, options as never);
  expect(read).toThrow(kind);
  expect(read).toThrow(message);
  expect(read).not.toThrow(FormError);
});

test('readQuery takes limits only', () => {
  expect(() => readQuery(environ, { directory: '/tmp' } as never)).toThrow(/directory/);
  expect(readQuery(environ, { limits: { fields: undefined } as never }).size).toBe(0);
});
