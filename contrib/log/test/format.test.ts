import { type Application, call } from '@fapws/core';
import { describe, expect, test } from 'vitest';
import { log } from '../src/index.ts';
import { hello, jsonOf, lineOf } from './lines.ts';

const request = {
  target: '/a/b?c=d&e',
  headers: { 'User-Agent': 'test/1.0', Referer: 'http://example.com/from', Cookie: 'one=1; two=2' },
  remote: { address: '192.0.2.7', port: 4711 },
};
const time = String.raw`\[\d\d/[A-Z][a-z][a-z]/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\]`;

describe('formats by name', () => {
  test('common is that of Apache', async () => {
    expect(await lineOf('common', request)).toMatch(
      new RegExp(String.raw`^192\.0\.2\.7 - - ${time} "GET /a/b\?c=d&e HTTP/1\.1" 200 13$`),
    );
  });

  test('combined is that of Apache, and the default', async () => {
    const expected = new RegExp(
      String.raw`^192\.0\.2\.7 - - ${time} "GET /a/b\?c=d&e HTTP/1\.1" 200 13 "http://example\.com/from" "test/1\.0"$`,
    );
    expect(await lineOf('combined', request)).toMatch(expected);
    expect(await lineOf(undefined, request)).toMatch(expected);
  });

  test('vhost_combined begins with host and port', async () => {
    expect(await lineOf('vhost_combined', { headers: { Host: 'example.com:8080' } })).toMatch(
      /^example\.com:80 127\.0\.0\.1 - - \[/,
    );
  });

  test('detailed adds the ending, microseconds and the request id', async () => {
    expect(await lineOf('detailed', request)).toMatch(/"test\/1\.0" \+ \d+ -$/);
  });

  test('json has everything under a name', async () => {
    const line = await jsonOf('json', request);
    expect(line).toEqual({
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      id: null,
      remote: '192.0.2.7',
      user: null,
      method: 'GET',
      target: '/a/b?c=d&e',
      protocol: 'HTTP/1.1',
      host: 'localhost',
      status: 200,
      octets: 13,
      duration_us: expect.any(Number),
      referer: 'http://example.com/from',
      agent: 'test/1.0',
      end: 'complete',
    });
  });
});

describe('atoms', () => {
  test.each<[format: string, line: string]>([
    ['100%% %h', '100% 192.0.2.7'],
    ['%a', '192.0.2.7'],
    ['%{c}a', '192.0.2.7'],
    ['%{c}h', '192.0.2.7'],
    ['%A', '127.0.0.1'],
    ['%b', '13'],
    ['%B', '13'],
    ['%{two}C', '2'],
    ['%{three}C', '-'],
    ['%{SERVER_SOFTWARE}e', 'fapws'],
    ['%{NOTHING}e', '-'],
    ['%{fapws.params}e', '-'],
    ['%H', 'HTTP/1.1'],
    ['%{user-agent}i', 'test/1.0'],
    ['%{Content-Type}i', '-'],
    ['%{content-type}o', 'text/plain'],
    ['%{X-None}o', '-'],
    ['%l', '-'],
    ['%L', '-'],
    ['%m', 'GET'],
    ['%p %{local}p %{canonical}p %{remote}p', '80 80 80 4711'],
    ['%P %{pid}P', `${process.pid} ${process.pid}`],
    ['%{tid}P', '0'],
    ['%U%q', '/a/b?c=d&e'],
    ['"%r"', '"GET /a/b?c=d&e HTTP/1.1"'],
    ['%s %>s %<s', '200 200 200'],
    ['%u', '-'],
    ['%v %V', 'localhost localhost'],
    ['%{word}X', 'complete'],
    [String.raw`\"%m\"\t%s`, '"GET"\t200'],
    ['é %m', 'é GET'],
  ])('%s', async (format, line) => {
    expect(await lineOf(format, request)).toBe(line);
  });

  test('%b is a dash for no content, %B is 0; so it is for HEAD', async () => {
    const empty: Application = (_, startResponse) => void startResponse('204 No Content', []);
    expect(await lineOf('%s %b %B', '/', empty)).toBe('204 - 0');
    expect(await lineOf('%s %b %B', { method: 'HEAD' })).toBe('200 - 0');
  });

  test('%q is nothing where there is none, %U then the whole target', async () => {
    expect(await lineOf('%U%q|%m', '/x')).toBe('/x|GET');
  });

  test('%D, %T and %{ms}T are the same time in different units', async () => {
    const slow: Application = async (_, startResponse) => {
      await new Promise(resolve => setTimeout(resolve, 30));
      startResponse('200 OK', []);
      return 'late';
    };
    const [us, s, ms, sAgain, usAgain] = (await lineOf('%D %T %{ms}T %{s}T %{us}T', '/', slow))
      .split(' ')
      .map(Number) as [number, number, number, number, number];
    expect(us).toBeGreaterThan(25_000);
    expect(ms).toBe(Math.floor(us / 1000));
    expect(s).toBe(Math.floor(us / 1e6));
    expect([sAgain, usAgain]).toEqual([s, us]);
  });

  test('%u is REMOTE_USER, else the name of Basic credentials', async () => {
    const basic = (text: string) => ({
      headers: { Authorization: `Basic ${Buffer.from(text).toString('base64')}` },
    });
    expect(await lineOf('%u', basic('frank:secret'))).toBe('frank');
    expect(await lineOf('%u', basic(':secret'))).toBe('""');
    expect(await lineOf('%u', basic('no colon'))).toBe('-');
    expect(await lineOf('%u', { headers: { Authorization: 'Bearer abc' } })).toBe('-');
    const known: Application = (environ, startResponse) => {
      environ['REMOTE_USER'] = 'grace';
      return hello(environ, startResponse);
    };
    expect(await lineOf('%u', basic('frank:secret'), known)).toBe('grace');
  });

  test('%h is what a middleware has found out, and %{c}h the peer', async () => {
    const forwarded: Application = (environ, startResponse) => {
      environ['forwarded.peer'] = { address: environ.REMOTE_ADDR, port: 1 };
      environ.REMOTE_ADDR = '2001:db8::1';
      return hello(environ, startResponse);
    };
    expect(await lineOf('%h %{c}h', request, forwarded)).toBe('2001:db8::1 192.0.2.7');
  });

  test('X-Forwarded-For is nobody’s word', async () => {
    expect(await lineOf('%h %a', { ...request, headers: { 'X-Forwarded-For': '203.0.113.9' } })).toBe(
      '192.0.2.7 192.0.2.7',
    );
  });

  test('%X tells whether the connection goes on', async () => {
    expect(await lineOf('%X')).toBe('+');
    expect(await lineOf('%X', { headers: { Connection: 'foo, Close' } })).toBe('-');
  });

  test('values of one header are joined, those that the answer repeats too', async () => {
    const cookies: Application = (_, startResponse) => {
      startResponse('200 OK', [
        ['Set-Cookie', 'a=1'],
        ['set-cookie', 'b=2'],
      ]);
    };
    expect(await lineOf('"%{Set-Cookie}o"', '/', cookies)).toBe('"a=1, b=2"');
  });
});

describe('conditions', () => {
  const answer =
    (status: string): Application =>
    (_, startResponse) =>
      void startResponse(status, []);

  test('%400,501{User-agent}i is written with these statuses only', async () => {
    expect(await lineOf('%400,501{User-agent}i', request, answer('400 Bad Request'))).toBe('test/1.0');
    expect(await lineOf('%400,501{User-agent}i', request, answer('501 Not Implemented'))).toBe('test/1.0');
    expect(await lineOf('%400,501{User-agent}i', request, answer('200 OK'))).toBe('-');
  });

  test('%!200,304,302{Referer}i is written with all others', async () => {
    expect(await lineOf('%!200,304,302{Referer}i', request, answer('404 Not Found'))).toBe(
      'http://example.com/from',
    );
    expect(await lineOf('%!200,304,302{Referer}i', request, answer('304 Not Modified'))).toBe('-');
  });

  test('they hold for numbers, for what may vanish, and in JSON', async () => {
    expect(await lineOf('%!200D|%404q', '/x?y')).toBe('-|-');
    expect(await jsonOf({ time: '%!200D', query: '%200q' }, '/x?y')).toEqual({ time: null, query: '?y' });
  });
});

describe('times', () => {
  test.each([
    ['%{sec}t', /^\d{10}$/],
    ['%{msec}t', /^\d{13}$/],
    ['%{usec}t', /^\d{16}$/],
    ['%{msec_frac}t', /^\d{3}$/],
    ['%{usec_frac}t', /^\d{6}$/],
    ['%{begin:sec}t', /^\d{10}$/],
    ['%{end:msec}t', /^\d{13}$/],
    ['%{end:}t', new RegExp(`^${time}$`)],
    ['%{%Y-%m-%dT%H:%M:%S%z}t', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4}$/],
    ['%{iso}t', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/],
    ['[%{%d/%b/%Y %T}t.%{msec_frac}t %{%z}t]', /^\[\d\d\/\w{3}\/\d{4} \d\d:\d\d:\d\d\.\d{3} [+-]\d{4}\]$/],
  ])('%s', async (format, expected) => {
    expect(await lineOf(format)).toMatch(expected);
  });

  test('the end is not before the beginning', async () => {
    const [begin, end] = (await lineOf('%{begin:usec}t %{end:usec}t')).split(' ').map(Number);
    expect(end).toBeGreaterThanOrEqual(begin as number);
  });
});

describe('JSON', () => {
  test('a single atom keeps its type, what is put together is a string', async () => {
    expect(
      await jsonOf(
        { status: '%s', line: '%m %U', none: '%{X}i', 'mixed "é"': 'é%{X}i', all: '100%%' },
        request,
      ),
    ).toEqual({ status: 200, line: 'GET /a/b', none: null, 'mixed "é"': 'é-', all: '100%' });
  });

  test('octets that are UTF-8 are text, others are shown one by one; the line is ASCII', async () => {
    const sent = (text: string) => ({ headers: { 'User-Agent': Buffer.from(text).toString('latin1') } });
    const line = await lineOf({ agent: '%{User-Agent}i' }, sent('naïve €'));
    expect(line).toMatch(/^[ -~]+$/);
    expect(JSON.parse(line)).toEqual({ agent: 'naïve €' });
    expect(await jsonOf({ agent: '%{User-Agent}i' }, { headers: { 'User-Agent': 'caf\xe9' } })).toEqual({
      agent: 'café',
    });
  });
});

describe('a wrong format is an error that names the atom and its place', () => {
  test.each<[format: unknown, message: string]>([
    ['%h %Z', 'log: %Z at 3 of format is no atom.'],
    ['%h %{x}Z', 'log: %{x}Z at 3 of format is no atom.'],
    ['%h %>', 'log: "%>" at 3 of format has no letter.'],
    ['%', 'log: "%" at 0 of format has no letter.'],
    ['%{Referer', 'log: "%{Referer" at 0 of format has no closing brace.'],
    ['%i', 'log: %i at 0 of format needs a name: %{NAME}i.'],
    ['%{}o', 'log: %{}o at 0 of format needs a name: %{NAME}o.'],
    ['%{x}s', 'log: %{x}s at 0 of format takes no braces.'],
    ['%{years}T', 'log: %{years}T at 0 of format is wrong: takes s, ms, us or nothing between its braces.'],
    [
      '%{peer}p',
      'log: %{peer}p at 0 of format is wrong: takes canonical, local, remote or nothing between its braces.',
    ],
    ['%{x}a', 'log: %{x}a at 0 of format is wrong: takes c or nothing between its braces.'],
    ['%{x}P', 'log: %{x}P at 0 of format is wrong: takes pid, tid or nothing between its braces.'],
    ['%{x}X', 'log: %{x}X at 0 of format is wrong: takes word or nothing between its braces.'],
    [
      '%{%Q}t',
      'log: %{%Q}t at 0 of format is wrong: %Q is no conversion of strftime that a log line can have.',
    ],
    [
      '%{%n}t',
      'log: %{%n}t at 0 of format is wrong: %n is no conversion of strftime that a log line can have.',
    ],
    ['%4{x}i', 'log: %4{x}i at 0 of format has 4, which is no status.'],
    ['%!{x}i', 'log: %!{x}i at 0 of format has ! without a status.'],
    ['%O', "log: %O at 0 of format can't be had: octets are counted as content only: %B."],
    ['%{x}n', "log: %{x}n at 0 of format can't be had: notes are keys of the environ here: %{NAME}e."],
    ['%^ti', "log: %^ at 0 of format can't be had: trailers are not kept."],
    ['%h\n%m', String.raw`log: "\n" at 2 of format is a control character.`],
    [String.raw`%h\n%m`, String.raw`log: \n at 2 of format would make a second line.`],
    ['%{a\nb}i', 'log: %{a\nb}i at 0 of format has a control character.'],
    ['apache', 'log: "apache" is no format: use common, combined, vhost_combined, detailed, json,'],
    [{ a: '%Z' }, 'log: %Z at 0 of format.a is no atom.'],
    [{ a: 1 }, 'log: format.a is not a string.'],
    [{}, 'log: format has no members.'],
    [null, 'log: format is a string, or an object of strings'],
    [['%h'], 'log: format is a string, or an object of strings'],
    ['toString', 'log: "toString" is no format'],
  ])('%j', (format, message) => {
    expect(() => log({ format: format as string, to: () => {} })).toThrow(message);
  });
});

test('log(application) is log()(application), and log is a middleware like any other', async () => {
  const lines: string[] = [];
  const access = log({ format: '%s', to: line => lines.push(line) });
  await call(access(access(hello)));
  expect(lines).toEqual(['200', '200']);
  expect(log(hello)).toBeTypeOf('function');
});
