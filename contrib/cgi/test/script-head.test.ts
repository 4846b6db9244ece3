// What a script may write before its content (RFC 3875 6), and that what it may not write never reaches a client.

import { existsSync } from 'node:fs';
import { type Application, call } from '@fapws/core';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CgiOptions, cgi } from '../src/index.ts';
import { Refusal } from '../src/refusal.ts';
import { endOfHead, parseScriptHead } from '../src/script-head.ts';
import { CgiServer, Log, Scripts, until } from './scripts.ts';

/** What a client gets of a script that writes this. */
async function answer(output: string | Buffer, options: CgiOptions = {}, request = {}) {
  using scripts = new Scripts();
  // As octal escapes, no octet means anything to printf.
  const octets = [...Buffer.from(output as string)]
    .map(octet => `\\${octet.toString(8).padStart(3, '0')}`)
    .join('');
  scripts.write('script', `printf '${octets}'\n`);
  const server = new CgiServer(scripts, options);
  const response = await server.call('/script', request);
  const headers = response.headers.filter(
    ([name]) => !/^(date|server|connection|transfer-encoding)$/i.test(name),
  );
  return {
    status: response.status,
    headers,
    text: response.text(),
    log: server.log.text.replaceAll(scripts.root, 'ROOT'),
  };
}

describe('6.3: document responses', () => {
  test.each([
    ['Content-Type: text/plain\n\nhello', '200 OK', [['Content-Type', 'text/plain']], 'hello'],
    ['Content-Type: text/plain\r\n\r\nhello\r\n', '200 OK', [['Content-Type', 'text/plain']], 'hello\r\n'],
    ['content-type:text/plain\r\n\nx', '200 OK', [['content-type', 'text/plain']], 'x'],
    ['Content-Type: \t text/plain \t\n\n', '200 OK', [['Content-Type', 'text/plain']], ''],
    ['Status: 404 Not Here\nContent-Type: a/b\n\nno', '404 Not Here', [['Content-Type', 'a/b']], 'no'],
    ['Status: 404\nContent-Type: a/b\n\nno', '404 Not Found', [['Content-Type', 'a/b']], 'no'],
    ['Status: 299\n\n', '299 Unknown', [], ''],
    ['Status: 204 No Content\n\n', '204 No Content', [], ''],
    [
      'Content-Type: a/b\nX-A: 1\nX-A: 2\nSet-Cookie: a=b\n\n',
      '200 OK',
      [
        ['Content-Type', 'a/b'],
        ['X-A', '1'],
        ['X-A', '2'],
        ['Set-Cookie', 'a=b'],
      ],
      '',
    ],
    [
      'Content-Type: a/b\nX-Empty:\n\n',
      '200 OK',
      [
        ['Content-Type', 'a/b'],
        ['X-Empty', ''],
      ],
      '',
    ],
    [
      'Content-Type: a/b\nX: a:b\n\n\n\n',
      '200 OK',
      [
        ['Content-Type', 'a/b'],
        ['X', 'a:b'],
      ],
      '\n\n',
    ],
    [
      'Content-Length: 2\nContent-Type: a/b\n\nhi',
      '200 OK',
      [
        ['Content-Length', '2'],
        ['Content-Type', 'a/b'],
      ],
      'hi',
    ],
  ])('%j', async (output, status, headers, content) => {
    const got = await answer(output);
    expect([
      got.status,
      got.headers.filter(
        ([name, value]) => name !== 'Content-Length' || output.includes(`${name}: ${value}`),
      ),
      got.text,
    ]).toEqual([status, headers, content]);
    expect(got.log).toBe('');
  });

  test('octets of a value are passed on as they are', async () => {
    const got = await answer('Content-Type: a/b\nX-Name: Grüße\n\n');
    expect(got.headers.find(([name]) => name === 'X-Name')?.[1]).toBe(
      Buffer.from('Grüße').toString('latin1'),
    );
  });

  test('fields of the connection are left out', async () => {
    const got = await answer(
      'Content-Type: a/b\nConnection: upgrade\nKeep-Alive: 5\nUpgrade: x\nTrailer: a\nTE: b\nProxy-Connection: c\n\nx',
    );
    expect(got.headers).toEqual([['Content-Type', 'a/b']]);
    expect(got.text).toBe('x');
  });

  test('HEAD has the head of GET and no content', async () => {
    const got = await answer('Content-Type: a/b\nX: 1\n\nhello', {}, { method: 'HEAD' });
    expect([got.status, got.headers.slice(0, 2), got.text]).toEqual([
      '200 OK',
      [
        ['Content-Type', 'a/b'],
        ['X', '1'],
      ],
      '',
    ]);
  });
});

describe('6.2: redirects', () => {
  const target: Application = (environ, startResponse) => {
    startResponse('200 OK', []);
    const { REQUEST_METHOD, SCRIPT_NAME, PATH_INFO, QUERY_STRING, CONTENT_LENGTH, CONTENT_TYPE } = environ;
    return [
      REQUEST_METHOD,
      SCRIPT_NAME,
      PATH_INFO,
      QUERY_STRING,
      CONTENT_LENGTH,
      CONTENT_TYPE,
      environ['fapws.params']['a'],
    ].join('|');
  };

  test.each([
    ['Location: https://example.org/a#b\n\n', '302 Found', 'https://example.org/a#b', ''],
    [
      'Status: 301 Moved\nContent-Type: text/plain\nLocation: https://example.org/\n\nthere',
      '301 Moved',
      'https://example.org/',
      'there',
    ],
    ['Status: 303 See Other\nLocation: /there\n\n', '303 See Other', '/there', ''],
    ['Status: 201 Created\nLocation: /made\n\n', '201 Created', '/made', ''],
    ['Location: other\n\n', '302 Found', 'other', ''],
    // Without an application for them, local ones are the client's to follow.
    ['Location: /there?a=b\n\n', '302 Found', '/there?a=b', ''],
  ])('%j', async (output, status, location, content) => {
    const got = await answer(output);
    expect([got.status, got.headers.find(([name]) => name === 'Location')?.[1], got.text]).toEqual([
      status,
      location,
      content,
    ]);
  });

  test('a local one is answered by localRedirect, as a GET without content', async () => {
    const request = { method: 'POST', body: 'content', headers: { 'Content-Type': 'a/b' } };
    const got = await answer(
      'Location: /th%C3%A9re/./x?a=b%20c\n\nignored',
      { localRedirect: target },
      request,
    );
    expect([got.status, got.text], got.log).toEqual(['200 OK', 'GET||/thére/x|a=b%20c|||b c']);
    const head = await answer('Location: /there\n\n', { localRedirect: target }, { method: 'HEAD' });
    expect([head.status, head.text]).toEqual(['200 OK', '']);
  });

  test('a client’s redirect is never followed here', async () => {
    for (const output of ['Location: https://example.org/\n\n', 'Status: 302\nLocation: /there\n\n']) {
      expect((await answer(output, { localRedirect: target })).status).toMatch(/^302/);
    }
  });

  test.each(['/..', '/a/%2e%2e/b', '/%2fetc', '/%00', '/%zz'])('%s is no path', async path => {
    const got = await answer(`Location: ${path}\n\n`, { localRedirect: target });
    expect([got.status, got.log]).toEqual(['502 Bad Gateway', expect.stringContaining('its Location has')]);
  });

  test('a circle comes to an end', async () => {
    using scripts = new Scripts();
    const round = scripts.write('round', "printf 'Location: /round\\n\\n'");
    let calls = 0;
    const application: Application = cgi(round, {
      localRedirect: (environ, startResponse) => {
        calls += 1;
        return application(environ, startResponse);
      },
    });
    const errors = new Log();
    expect((await call(application, '/', { errors })).statusCode).toBe(502);
    expect(calls).toBe(10);
    expect(errors.text).toContain('circle of local redirects');
  });

  test('what the script still does is done, though nobody reads what it writes', async () => {
    using scripts = new Scripts();
    const done = scripts.path('done');
    scripts.write('after', `printf 'Location: /there\\n\\n'; head -c 1000000 /dev/zero; touch '${done}'`);
    const server = new CgiServer(scripts, { localRedirect: target });
    expect((await server.call('/after')).statusCode).toBe(200);
    await until(() => existsSync(done), 'the script is done');
  });
});

describe('what is no answer is 502, and the log says why', () => {
  test.each([
    ['', 'it ended, and its output is empty'],
    ['Content-Type: text/plain\n', 'has no empty line behind the head'],
    ['hello, world', 'has no empty line behind the head'],
    ['\nhello', 'has none of Content-Type, Status and Location'],
    ['X-Only: 1\n\nhello', 'has none of Content-Type, Status and Location'],
    ['hello\n\n', 'is no field: "hello"'],
    ['Content-Type: a/b\n folded\n\n', 'is no field'],
    ['Content Type: a/b\n\n', 'is no field'],
    ['Content-Type : a/b\n\n', 'is no field'],
    [': a\n\n', 'is no field'],
    ['Content-Type: a/b\nContent-Type: a/c\n\n', 'it wrote Content-Type twice'],
    ['Status: 200\nSTATUS: 404\n\n', 'it wrote STATUS twice'],
    ['Location: /\nLocation: /\n\n', 'it wrote Location twice'],
    ['Location:\n\n', 'its Location is empty'],
    ['Status: 100 Continue\n\n', 'its Status is "100 Continue"'],
    ['Status: 600\n\n', 'its Status is'],
    ['Status: 2000\n\n', 'its Status is'],
    ['Status: OK\n\n', 'its Status is "OK"'],
    ['Status: 200OK\n\n', 'its Status is'],
    ['HTTP/1.1 200 OK\nContent-Type: a/b\n\n', 'it wrote a status line, as non-parsed header scripts do'],
    ['http/1.0 200 OK\n\n', 'it wrote a status line'],
    ['Transfer-Encoding: chunked\nContent-Type: a/b\n\n0\r\n\r\n', 'it wrote Transfer-Encoding'],
    ['Content-Type: a/b\rSet-Cookie: c\n\n', 'its Content-Type has control characters'],
    ['Content-Type: a/b\0\n\n', 'its Content-Type has control characters'],
    ['Content-Type: a/b\nContent-Length: two\n\n', "its head can't be sent: "],
    ['Content-Type: a/b\nContent-Length: 1\nContent-Length: 2\n\n', "its head can't be sent: "],
    [`Content-Type: a/b\nX: ${'x'.repeat(20_000)}\n\n`, 'its head is longer than limits.head, 16384 octets'],
    ['x'.repeat(20_000), 'its head is longer than limits.head'],
    [`Content-Type: a/b\n${'X: 1\n'.repeat(100)}\n`, 'its head has 101 lines'],
  ])('%j', async (output, why) => {
    const got = await answer(output);
    expect([got.status, got.text]).toEqual([
      '502 Bad Gateway',
      '502 Bad Gateway\nThe script did not give a correct answer.\n',
    ]);
    expect(got.log).toContain(`fapws: cgi: ROOT: GET /cgi-bin/script: `);
    expect(got.log).toContain(why);
    expect(got.headers.map(([name]) => name)).not.toContain('X');
  });

  test('limits are what the options say', async () => {
    const output = `Content-Type: a/b\nX: ${'x'.repeat(77)}\n\n`;
    expect(output.length).toBe(100);
    expect((await answer(output, { limits: { head: 99 } })).status).toBe('502 Bad Gateway');
    expect((await answer(output, { limits: { head: 100, fields: 1 } })).status).toBe('502 Bad Gateway');
    expect((await answer(output, { limits: { head: 100, fields: 2 } })).status).toBe('200 OK');
  });

  test('a script that fails says its exit code or signal', async () => {
    using scripts = new Scripts();
    scripts.write('code', 'exit 3');
    scripts.write('signal', 'kill -9 $$');
    const server = new CgiServer(scripts);
    expect((await server.call('/code')).statusCode).toBe(502);
    expect((await server.call('/signal')).statusCode).toBe(502);
    expect(server.log.text).toMatch(/ended with exit code 3[\s\S]*was ended by SIGKILL/);
  });
});

describe('reading', () => {
  test('PROPERTY: the head ends in the same place however the octets come', () => {
    const line = fc.constantFrom('A: b', '', 'x', '\r', 'a\rb', 'Content-Type: x');
    const newline = fc.constantFrom('\n', '\r\n');
    fc.assert(
      fc.property(fc.array(fc.tuple(line, newline), { maxLength: 6 }), fc.nat(60), (lines, cut) => {
        const octets = Buffer.from(lines.flat().join(''));
        const whole = endOfHead(octets);
        const expected = /(?:^|\n)\r?\n/.exec(octets.toString());
        expect(whole).toBe(expected === null ? -1 : expected.index + expected[0].length);
        const first = octets.subarray(0, cut);
        const inFirst = endOfHead(first);
        if (inFirst === -1) expect(endOfHead(octets, Math.max(0, first.length - 2))).toBe(whole);
        else expect(inFirst).toBe(whole);
      }),
      { numRuns: 1000 },
    );
  });

  test('PROPERTY: whatever the head, it is understood or refused, and never holds a line end', () => {
    const name = fc.constantFrom(
      'Content-Type',
      'Status',
      'Location',
      'X',
      'HTTP/1.1 ',
      '',
      ' ',
      'Set-Cookie',
    );
    const value = fc.oneof(
      fc.constantFrom('200 OK', '/a', 'text/plain', '404'),
      fc.string({ unit: 'binary', maxLength: 10 }),
    );
    fc.assert(
      fc.property(
        fc.array(fc.tuple(name, fc.constantFrom(':', ': ', ''), value), { maxLength: 5 }),
        fields => {
          const octets = Buffer.from(`${fields.map(field => field.join('')).join('\n')}\n\n`);
          const text = octets.toString('latin1', 0, endOfHead(octets));
          try {
            const head = parseScriptHead(text, 100);
            expect(head.status).toMatch(/^[2-5]\d\d \S/);
            for (const field of head.headers)
              expect(field.join(': ')).toMatch(/^[\w-]+: [\t\x20-\x7e\x80-\xff]*$/);
          } catch (error) {
            if (!(error instanceof Refusal)) throw error;
            expect(error.status).toBe('502 Bad Gateway');
          }
        },
      ),
      { numRuns: 1000 },
    );
  });
});
