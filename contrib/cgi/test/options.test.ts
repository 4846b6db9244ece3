// Options that can't be: each is an error at once, which says what is wrong.

import { expect, test } from 'vitest';
import { cgi } from '../src/index.ts';
import { Scripts } from './scripts.ts';

const root = import.meta.dirname;

test.each<[unknown, unknown, RegExp]>([
  ['/no/such/script', {}, /the script "\/no\/such\/script" is not there/],
  [root, {}, /is not there or is no file/],
  [{ root: '/no/such/folder' }, {}, /root is a folder, and "\/no\/such\/folder" is not there/],
  [{ root: import.meta.filename }, {}, /is not there or is none/],
  [{ root, index: 'x' }, {}, /the target of cgi has nothing called index/],
  [{ root }, { timeout: 1 }, /options of cgi has nothing called timeout\. There are: interpreters, env/],
  [
    { root },
    { timeouts: { start: 1 } },
    /timeouts of cgi has nothing called start\. There are: head, total, kill/,
  ],
  [{ root }, { timeouts: { head: 0 } }, /timeouts\.head is a number of seconds above 0, or Infinity, not 0/],
  [{ root }, { timeouts: { kill: '5' } }, /timeouts\.kill .* not "5"/],
  [{ root }, { limits: { head: 1.5 } }, /limits\.head is a whole number/],
  [{ root }, { limits: { body: 1 } }, /limits of cgi has nothing called body/],
  [{ root }, { processes: 0 }, /processes is a whole number from 1 on/],
  [{ root }, { authorization: 'yes' }, /authorization is true or false/],
  [{ root }, { unknownLength: 'stream' }, /unknownLength is "spool" or "refuse"/],
  [{ root }, { temporary: '/no/such/folder' }, /temporary is a folder/],
  [{ root }, { documentRoot: '/no/such/folder' }, /documentRoot is a folder/],
  [{ root }, { env: { 'A=B': 'c' } }, /env has a variable called "A=B"/],
  [{ root }, { env: { A: 1 } }, /A in env is a string without NUL, not 1/],
  [{ root }, { env: { A: 'a\0b' } }, /A in env/],
  [{ root }, { interpreters: { php: 'php-cgi' } }, /an ending like "\.php", not "php"/],
  [{ root }, { interpreters: { '.php': [] } }, /interpreter for \.php is a program, or a list/],
  [{ root }, { interpreters: { '.php': ['php-cgi', 1] } }, /interpreter for \.php/],
  [
    { root },
    { interpreters: { '.php': './php' } },
    /a name that PATH finds, or an absolute path, not "\.\/php"/,
  ],
])('%o, %o can’t be', (target, options, message) => {
  expect(() => cgi(target as string, options as object)).toThrow(RangeError);
  expect(() => cgi(target as string, options as object)).toThrow(message);
});

test.each<[unknown, unknown, RegExp]>([
  [undefined, {}, /takes the path of a script, or \{ root \}, not undefined/],
  [{}, {}, /root is the path of a folder, not undefined/],
  [{ root: 1 }, {}, /root is the path of a folder, not 1/],
  [{ root }, null, /options of cgi is an object/],
  [{ root }, { timeouts: 5 }, /timeouts of cgi is an object, not 5/],
  [{ root }, { env: 'A=B' }, /env of cgi is an object/],
  [{ root }, { localRedirect: '/x' }, /localRedirect is a function/],
  [{ root }, { errorPage: {} }, /errorPage is a function/],
])('%o, %o is of the wrong type', (target, options, message) => {
  expect(() => cgi(target as string, options as object)).toThrow(TypeError);
  expect(() => cgi(target as string, options as object)).toThrow(message);
});

test('a non-parsed header script is refused by its name', () => {
  using scripts = new Scripts();
  expect(() => cgi(scripts.write('nph-x', ''))).toThrow(/non-parsed header/);
});

test('undefined is what is left out', () => {
  expect(() =>
    cgi({ root }, { env: undefined, timeouts: { head: undefined }, temporary: undefined }),
  ).not.toThrow();
});
