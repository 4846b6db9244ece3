// Attacks on whoever reads the log: second lines, forged fields, broken JSON, escape sequences for terminals.

import { connect } from 'node:net';
import { type Application, call, start } from '@fapws/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { escapeBare, escapeQuoted, jsonString } from '../src/escape.ts';
import { log } from '../src/index.ts';
import { hello, jsonOf, lineOf } from './lines.ts';

/** Any string at all, with a leaning to what hurts. */
const evil = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({
    unit: fc.constantFrom(
      '"',
      '\\',
      '\n',
      '\r',
      '\0',
      '\x1b',
      '\x7f',
      '\x9b',
      '\u2028',
      '\ud800',
      ' ',
      'é',
      '€',
      'a',
    ),
  }),
);

describe('escaping', () => {
  test.each([
    ['say "hi"', String.raw`say \"hi\"`],
    ['back\\slash', String.raw`back\\slash`],
    ['\b\n\r\t\v', String.raw`\b\n\r\t\v`],
    ['\0\x1b\x7f\x80\xff', String.raw`\x00\x1b\x7f\x80\xff`],
    ['caf\xe9', String.raw`caf\xe9`],
    ['€\xe9', String.raw`\xe2\x82\xac\xc3\xa9`],
    ['', ''],
  ])('%j is written as Apache does', (value, expected) => {
    expect(escapeQuoted(value)).toBe(expected);
  });

  test('without quotes a blank is escaped too, and nothing is two quotes', () => {
    expect(escapeBare('a b')).toBe(String.raw`a\x20b`);
    expect(escapeBare('')).toBe('""');
  });

  test('nothing leaves a quoted field', () => {
    fc.assert(
      fc.property(evil, value => {
        const escaped = escapeQuoted(value);
        expect(escaped).toMatch(/^(?:[ !#-[\]-~]|\\["\\bnrtv]|\\x[0-9a-f]{2})*$/);
      }),
    );
  });

  test('nothing leaves a bare field', () => {
    fc.assert(
      fc.property(evil, value => {
        expect(escapeBare(value)).toMatch(/^(?:""|(?:[!#-[\]-~]|\\["\\bnrtv]|\\x[0-9a-f]{2})+)$/);
      }),
    );
  });

  test('octets can be had back from a quoted field', () => {
    const octets = fc.uint8Array().map(bytes => Buffer.from(bytes).toString('latin1'));
    const named: Record<string, string> = { b: '\b', n: '\n', r: '\r', t: '\t', v: '\v' };
    fc.assert(
      fc.property(octets, value => {
        const back = escapeQuoted(value).replace(/\\(?:x(..)|(.))/g, (_, hex?: string, letter?: string) =>
          hex === undefined
            ? (named[letter as string] ?? (letter as string))
            : String.fromCharCode(Number.parseInt(hex, 16)),
        );
        expect(back).toBe(value);
      }),
    );
  });

  test('a JSON string is one, in ASCII, and means the same', () => {
    fc.assert(
      fc.property(evil, value => {
        const json = jsonString(value);
        expect(json).toMatch(/^"[ -~]*"$/);
        const back = JSON.parse(json) as string;
        if (/[^\0-\xff]/.test(value)) expect(back).toBe(value);
        else expect([value, Buffer.from(value, 'latin1').toString()]).toContain(back);
      }),
    );
  });
});

describe('nothing in a request makes a second line or another field', () => {
  /** What core lets into header values and paths, and what middlewares put into environs, which may be anything. */
  const value = evil.map(text => text.replace(/[^\t\x20-\x7e\x80-\xff]/g, '') || 'x');
  const target = evil.map(text => `/${text.replace(/[^!$-;=@-Z_a-z~]/g, '%22')}`);

  test('combined has its fields, whatever is in them', async () => {
    await fc.assert(
      fc.asyncProperty(target, value, value, evil, async (path, agent, referer, user) => {
        const known: Application = (environ, startResponse) => {
          environ['REMOTE_USER'] = user;
          return hello(environ, startResponse);
        };
        const line = await lineOf(
          'combined',
          { target: path, headers: { 'User-Agent': agent, Referer: referer } },
          known,
        );
        expect(line).toMatch(/^[ -~]+$/);
        const field = String.raw`"(?:[^"\\]|\\.)*"`;
        expect(line).toMatch(
          new RegExp(String.raw`^127\.0\.0\.1 - \S+ \[[^\]]+\] ${field} \d{3} (?:\d+|-) ${field} ${field}$`),
        );
      }),
      { numRuns: 200 },
    );
  });

  test('JSON is one object with the same members, whatever is in them', async () => {
    await fc.assert(
      fc.asyncProperty(target, value, evil, async (path, agent, user) => {
        const known: Application = (environ, startResponse) => {
          environ['REMOTE_USER'] = user;
          return hello(environ, startResponse);
        };
        const line = await jsonOf('json', { target: path, headers: { 'User-Agent': agent } }, known);
        expect(Object.keys(line)).toHaveLength(14);
        expect(line['target']).toBe(path);
      }),
      { numRuns: 200 },
    );
  });

  test('a user name can’t forge the rest of the line', async () => {
    const name = 'admin [01/Jan/2030 +0000] "GET /secret HTTP/1.1" 200 1\n127.0.0.1';
    const Authorization = `Basic ${Buffer.from(`${name}:`).toString('base64')}`;
    const line = await lineOf('common', { headers: { Authorization } });
    expect(line.split(' ')).toHaveLength(10);
    expect(line).toContain(
      String.raw`admin\x20[01/Jan/2030\x20+0000]\x20\"GET\x20/secret\x20HTTP/1.1\"\x20200\x201\n127.0.0.1`,
    );
  });

  test('headers of the answer and keys of the environ are escaped as well', async () => {
    const evilApplication: Application = (environ, startResponse) => {
      environ['my.key'] = 'two\nlines "é"';
      startResponse('200 OK', [['X-Evil', 'a "b" \xe9']]);
    };
    expect(await lineOf('"%{X-Evil}o" "%{my.key}e" %{my.key}e', '/', evilApplication)).toBe(
      String.raw`"a \"b\" \xe9" "two\nlines \"\xc3\xa9\"" two\nlines\x20\"\xc3\xa9\"`,
    );
  });
});

test('octets that are no request at all are one line when they are refused', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 200 }), async octets => {
      const lines: string[] = [];
      const access = log({ format: 'combined', refused: true, to: line => lines.push(line) });
      const server = start('127.0.0.1', 0, { timeouts: { linger: 0.1 } });
      server.use(access);
      await server.listen();
      const { port } = server.addresses[0] as { port: number };
      await new Promise<void>(resolve => {
        const socket = connect(port, '127.0.0.1', () =>
          socket.end(Buffer.concat([octets, Buffer.from('\n\r\n\r\n')])),
        );
        socket.on('error', () => {});
        socket.on('close', () => resolve());
        socket.resume();
      });
      await server.stop({ graceMs: 0 });
      await access.close();
      for (const line of lines)
        expect(line).toMatch(/^127\.0\.0\.1 - - \[[^\]]+\] (?:"(?:[^"\\]|\\.)*"|-) \d{3} \d+ "-" "-"$/);
    }),
    { numRuns: 40 },
  );
});

test('a refused request shows what could be read of it', async () => {
  const lines: string[] = [];
  const access = log({ format: '"%r" %s %{word}X', refused: true, to: line => lines.push(line) });
  await call(access(hello), { method: 'GET', target: '/x', headers: { Host: 'not a host' } }).catch(() => {});
  await access.close();
  expect(lines).toEqual(['"GET /x" 400 refused']);
});
