// What clients call their files, and what is left of it.

import { Buffer } from 'node:buffer';
import { posix, win32 } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { safeFileName } from '../src/index.ts';

test.each([
  ['photo.jpg', 'photo.jpg'],
  ['Zürich 日本 🎉.png', 'Zürich 日本 🎉.png'],
  ['../../etc/passwd', 'passwd'],
  ['..\\..\\boot.ini', 'boot.ini'],
  ['C:\\fakepath\\photo.jpg', 'photo.jpg'],
  ['a/b\\c/d.txt', 'd.txt'],
  ['C:evil.txt', 'C_evil.txt'],
  ['file.txt:stream', 'file.txt_stream'],
  ['', 'unnamed'],
  ['.', 'unnamed'],
  ['..', 'unnamed'],
  ['...', 'unnamed'],
  ['/', 'unnamed'],
  ['folder/', 'unnamed'],
  ['..\\', 'unnamed'],
  ['  ', 'unnamed'],
  ['. .', 'unnamed'],
  ['.htaccess', '_htaccess'],
  ['-rf', '_rf'],
  ['shell.php.', 'shell.php'],
  ['shell.php. . ', 'shell.php'],
  ['shell.php\0.jpg', 'shell.php.jpg'],
  ['a\r\nb\tc.txt', 'abc.txt'],
  ['a"b<c>d|e?f*.txt', 'a_b_c_d_e_f_.txt'],
  ['\u202egpj.exe', 'gpj.exe'],
  ['e\u0301.txt', '\u00e9.txt'],
  ['CON', '_CON'],
  ['nul.txt', '_nul.txt'],
  ['com1.tar.gz', '_com1.tar.gz'],
  ['COM\u00b9', '_COM\u00b9'],
  ['aux .txt', '_aux .txt'],
  ['console.txt', 'console.txt'],
  ['com10', 'com10'],
  ['\ud800.txt', '\ufffd.txt'],
])('%j becomes %j', (sent, name) => {
  expect(safeFileName(sent)).toBe(name);
});

test('a long name is shortened and keeps its extension', () => {
  expect(safeFileName(`${'x'.repeat(500)}.tar.gz`)).toBe(`${'x'.repeat(197)}.gz`);
  expect(safeFileName(`${'日'.repeat(100)}.png`)).toBe(`${'日'.repeat(65)}.png`);
  expect(safeFileName('x'.repeat(500))).toBe('x'.repeat(200));
  expect(safeFileName(`a.${'x'.repeat(500)}`)).toBe(`a.${'x'.repeat(198)}`);
});

test('whatever is sent, the name is the last part of a path and stays there', () => {
  const nasty = fc.constantFrom(
    '/',
    '\\',
    '.',
    '..',
    '\0',
    ':',
    ' ',
    '-',
    'con',
    'NUL.',
    '\u202e',
    '\u2028',
    '🎉',
    '\ud800',
    'e\u0301',
  );
  const sent = fc
    .array(fc.oneof(nasty, fc.string({ unit: 'binary', maxLength: 4 })), { maxLength: 200 })
    .map(parts => parts.join(''));
  fc.assert(
    fc.property(sent, text => {
      const name = safeFileName(text);
      expect(name).not.toBe('');
      expect(Buffer.byteLength(name)).toBeLessThanOrEqual(200);
      expect(posix.join('/folder', name)).toBe(`/folder/${name}`);
      expect(win32.join('C:\\folder', name)).toBe(`C:\\folder\\${name}`);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what must not be there.
      expect(name).not.toMatch(/[\u0000-\u001f/\\:]|^[.-]|[. ]$/);
      expect(safeFileName(name)).toBe(name);
    }),
    { numRuns: 500 },
  );
}, 30_000);
