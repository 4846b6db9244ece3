// What trusted proxies tell, and where it goes.

import { call, start } from '@fapws/core';
import { describe, expect, test } from 'vitest';
import { type FieldName, forwarded } from '../src/index.ts';
import { ask, proxy, refusal, see, tell } from './seen.ts';

const trust = ['10.0.0.0/8'];
const all: FieldName[] = [
  'X-Forwarded-For',
  'X-Forwarded-Proto',
  'X-Forwarded-Host',
  'X-Forwarded-Port',
  'X-Forwarded-Prefix',
];

describe('X-Forwarded-For', () => {
  test('the last address that is no trusted proxy is the client', async () => {
    const seen = await see({ trust }, { 'X-Forwarded-For': '203.0.113.9, 198.51.100.7, 10.0.0.2' });
    expect(seen).toMatchObject({ address: '198.51.100.7', port: '' });
  });

  test('the peer stays known', async () => {
    const seen = await see({ trust }, { 'X-Forwarded-For': '198.51.100.7' });
    expect(seen.peer).toEqual({ address: proxy, port: 4711 });
    expect((await see({ trust }, {})).peer).toBeUndefined();
  });

  test('when all are trusted proxies, the first one is the client', async () => {
    expect(await see({ trust }, { 'X-Forwarded-For': '10.0.0.3, 10.0.0.2' })).toMatchObject({
      address: '10.0.0.3',
    });
  });

  test('lines are one list, in their order', async () => {
    const lines = [
      ['X-Forwarded-For', '203.0.113.9'],
      ['X-FORWARDED-for', '198.51.100.7'],
      ['X-Forwarded-For', '10.0.0.2'],
    ] as const;
    expect(await see({ trust }, lines)).toMatchObject({ address: '198.51.100.7' });
  });

  test.each([
    ['198.51.100.7:50000', '198.51.100.7', '50000'],
    ['2001:DB8:0:0::7', '2001:db8::7', ''],
    ['[2001:db8::7]', '2001:db8::7', ''],
    ['[2001:db8::7]:50000', '2001:db8::7', '50000'],
    ['::ffff:198.51.100.7', '198.51.100.7', ''],
    ['[::ffff:c633:6407]:1', '198.51.100.7', '1'],
    ['unknown', 'unknown', ''],
    ['_secret', '_secret', ''],
    ['unix:', 'unix:', ''],
    [' \t198.51.100.7\t', '198.51.100.7', ''],
    [', ,198.51.100.7,,', '198.51.100.7', ''],
  ])('%s is %s, port "%s"', async (value, address, port) => {
    expect(await see({ trust }, { 'X-Forwarded-For': value })).toMatchObject({ address, port });
  });

  test.each([
    'nonsense',
    '198.51.100',
    '198.51.100.007',
    '0x7f.0.0.1',
    '2130706433',
    '198.51.100.256',
    '198.51.100.7:',
    '198.51.100.7:99999',
    '198.51.100.7:port',
    '198.51.100.7 198.51.100.8',
    'fe80::1%eth0',
    '[fe80::1%25eth0]',
    '[2001:db8::7',
    '2001:db8::7]',
    '[198.51.100.7]',
    '2001:db8:::7',
    '"198.51.100.7"',
    '198.51.100.7;proto=https',
    '_',
    '',
  ])('%s is refused, or tells nothing', async value => {
    if (value === '')
      expect(await see({ trust }, { 'X-Forwarded-For': value })).toMatchObject({ address: proxy });
    else expect(await refusal({ trust }, { 'X-Forwarded-For': value })).toMatch(/client/);
  });

  test('what stands to the left of the client is anybody’s word and is not read', async () => {
    const seen = await see({ trust }, { 'X-Forwarded-For': 'nonsense, <script>, 198.51.100.7' });
    expect(seen.address).toBe('198.51.100.7');
  });

  test('an IPv6 client, IPv4-mapped peers and ranges written as IPv6 are compared as addresses', async () => {
    const mapped = { trust: ['::ffff:10.0.0.0/104', '2001:db8:1::/48'] };
    const headers = { 'X-Forwarded-For': '2001:db8:2::7, 2001:db8:1::9, ::ffff:10.9.9.9' };
    expect(await see(mapped, headers, '::ffff:10.0.0.1')).toMatchObject({ address: '2001:db8:2::7' });
    expect(await see(mapped, headers, '::ffff:11.0.0.1')).toMatchObject({ address: '::ffff:11.0.0.1' });
  });

  test('a proxy on a unix socket, and the unix socket of a proxy, are trusted as "unix"', async () => {
    const headers = { 'X-Forwarded-For': '198.51.100.7, unix:' };
    expect(await see({ trust: ['unix'] }, headers, '')).toMatchObject({ address: '198.51.100.7' });
    expect(await see({ trust: ['loopback'] }, headers, '')).toMatchObject({ address: '', claims: {} });
    expect(await see({ trust: ['loopback'] }, headers, '127.0.0.1')).toMatchObject({ address: 'unix:' });
  });

  test('an unnamed client is not taken for one without an address, which would be a unix socket’s', async () => {
    const twice = forwarded({ trust: ['unix'] })(
      forwarded({ trust: ['unix'], headers: ['Forwarded'] })(tell),
    );
    const headers = { 'X-Forwarded-For': 'unknown', Forwarded: 'for=192.0.2.1' };
    const response = await call(twice, { headers, remote: { address: '', port: 0 } });
    expect(response.json()).toMatchObject({ address: 'unknown', claims: {} });
  });
});

describe('hops', () => {
  const list = { 'X-Forwarded-For': '203.0.113.9, 198.51.100.7, 192.0.2.2' };

  test.each([
    [1, '192.0.2.2'],
    [2, '198.51.100.7'],
    [3, '203.0.113.9'],
  ])('with %d the client is %s', async (hops, address) => {
    expect(await see({ trust, hops }, list)).toMatchObject({ address });
  });

  test('a list shorter than the way is refused', async () => {
    expect(await refusal({ trust, hops: 4 }, list)).toMatch(/fewer proxies/);
    expect(await refusal({ trust, hops: 2, headers: ['Forwarded'] }, { Forwarded: 'for=192.0.2.1' })).toMatch(
      /fewer proxies/,
    );
  });

  test('the peer has to be trusted all the same', async () => {
    expect(await see({ trust, hops: 1 }, list, '198.51.100.1')).toMatchObject({
      address: '198.51.100.1',
      claims: {},
    });
  });

  test('with hops, trust may name everybody', async () => {
    const everybody = { trust: ['0.0.0.0/0', '::/0'], hops: 1 };
    expect(await see(everybody, list, '8.8.8.8')).toMatchObject({ address: '192.0.2.2' });
    expect(await see(everybody, list, '2001:db8::1')).toMatchObject({ address: '192.0.2.2' });
  });
});

describe('scheme, host, port and prefix', () => {
  const headers = all;

  test('wsgi.url_scheme is what the proxy says', async () => {
    expect(await see({ trust }, { 'X-Forwarded-Proto': 'https' })).toMatchObject({
      scheme: 'https',
      address: proxy,
    });
    expect(await see({ trust }, { 'X-Forwarded-Proto': 'HTTPS' })).toMatchObject({ scheme: 'https' });
    expect(await see({ trust }, { 'X-Forwarded-Proto': 'http' })).toMatchObject({ scheme: 'http' });
  });

  test.each(['ftp', 'wss', 'https:', 'https://', 'http s', 'on'])(
    'the scheme %s is refused',
    async scheme => {
      expect(await refusal({ trust }, { 'X-Forwarded-Proto': scheme })).toMatch(/scheme/);
    },
  );

  test.each([
    [{ 'X-Forwarded-Host': 'example.com' }, 'example.com', 'example.com', '80'],
    [
      { 'X-Forwarded-Host': 'example.com', 'X-Forwarded-Proto': 'https' },
      'example.com',
      'example.com',
      '443',
    ],
    [{ 'X-Forwarded-Host': 'example.com:80' }, 'example.com:80', 'example.com', '80'],
    [{ 'X-Forwarded-Host': 'example.com:8443' }, 'example.com:8443', 'example.com', '8443'],
    [{ 'X-Forwarded-Host': '[2001:db8::1]:8443' }, '[2001:db8::1]:8443', '[2001:db8::1]', '8443'],
    [
      { 'X-Forwarded-Host': 'example.com', 'X-Forwarded-Port': '8443' },
      'example.com:8443',
      'example.com',
      '8443',
    ],
    [
      { 'X-Forwarded-Host': 'example.com:81', 'X-Forwarded-Port': '81' },
      'example.com:81',
      'example.com',
      '81',
    ],
    [
      { 'X-Forwarded-Port': '443', 'X-Forwarded-Proto': 'https', Host: 'inner:8080' },
      'inner',
      'inner',
      '443',
    ],
    [{ 'X-Forwarded-Port': '8443', Host: 'inner' }, 'inner:8443', 'inner', '8443'],
    [{ 'X-Forwarded-Port': '80', Host: 'inner:' }, 'inner', 'inner', '80'],
    [{ 'X-Forwarded-Proto': 'https', Host: 'inner:8080' }, 'inner:8080', '127.0.0.1', '80'],
  ])('%j', async (told, host, serverName, serverPort) => {
    expect(await see({ trust, headers }, told)).toMatchObject({ host, serverName, serverPort });
  });

  test.each([
    'a b',
    'a/b',
    'user@a',
    'http://a',
    'a:b',
    'a:',
    ':80',
    'a:0',
    'a:65536',
    'ä',
    '[1.2.3.4]',
    '[::1',
    '<a>',
    'a#',
    'a?b',
  ])('the host %s is refused', async host => {
    expect(await refusal({ trust, headers }, { 'X-Forwarded-Host': host })).toMatch(/host|port/);
  });

  test.each(['0', '080', '65536', '-1', '8e1', '443 ', 'https', '0x50'])('the port "%s"', async port => {
    const told = { 'X-Forwarded-Port': port };
    // Blanks around a value are none of it (RFC 9110 5.5).
    if (port.trim() === '443')
      expect(await see({ trust, headers }, told)).toMatchObject({ serverPort: '443' });
    else expect(await refusal({ trust, headers }, told)).toMatch(/port/);
  });

  test('two ports are a conflict', async () => {
    const told = { 'X-Forwarded-Host': 'example.com:8443', 'X-Forwarded-Port': '443' };
    expect(await refusal({ trust, headers }, told)).toMatch(/X-Forwarded-Port/);
  });

  test.each([
    ['/app', '/app'],
    ['/app/', '/app'],
    ['/a/b.c/~d', '/a/b.c/~d'],
    ['/a%20b/%C3%A4', '/a b/ä'],
    ['/', ''],
  ])('the prefix %s is the SCRIPT_NAME "%s"', async (prefix, script) => {
    expect(await see({ trust, headers }, { 'X-Forwarded-Prefix': prefix })).toMatchObject({ script });
  });

  test.each([
    'app',
    '//evil.example',
    '/a//b',
    '/../a',
    '/a/..',
    '/a/./b',
    '/%2e%2e/a',
    '/a%2fb',
    '/a%5cb',
    '/a\\b',
    '/a%00',
    '/a%0d%0aSet-Cookie:x',
    '/a%',
    '/%ff',
    '/a?b',
    '/a#b',
    '/a b',
    '/a, /b',
    '/a,/b',
    '//',
    '/a//',
    'http://evil.example/',
  ])('the prefix %s is refused', async prefix => {
    expect(await refusal({ trust, headers }, { 'X-Forwarded-Prefix': prefix })).toMatch(/prefix/);
  });

  test('a prefix stands before the mount', async () => {
    const server = start('127.0.0.1', 0);
    server.mount(
      '/mounted',
      forwarded({ trust: ['loopback'], headers: ['X-Forwarded-Prefix'] })((environ, startResponse) => {
        startResponse('200 OK', []);
        return `${environ.SCRIPT_NAME} ${environ.PATH_INFO}`;
      }),
    );
    await server.listen();
    try {
      const response = await fetch(new URL('/mounted/rest', server.url), {
        headers: { 'X-Forwarded-Prefix': '/outside' },
        signal: AbortSignal.timeout(5000),
      });
      expect(await response.text()).toBe('/outside/mounted /rest');
    } finally {
      await server.stop();
    }
  });
});

describe('lists of schemes and hosts', () => {
  const headers = all;
  const far = { 'X-Forwarded-For': '198.51.100.7, 10.0.0.2' };

  test('one entry for each proxy: the outermost one’s', async () => {
    const told = { ...far, 'X-Forwarded-Proto': 'https, http', 'X-Forwarded-Host': 'example.com, inner' };
    expect(await see({ trust, headers }, told)).toMatchObject({ scheme: 'https', host: 'example.com' });
  });

  test('one entry, or equal ones, are one value', async () => {
    expect(await see({ trust, headers }, { ...far, 'X-Forwarded-Proto': 'https' })).toMatchObject({
      scheme: 'https',
    });
    const repeated = { ...far, 'X-Forwarded-Proto': 'https,https, https' };
    expect(await see({ trust, headers }, repeated)).toMatchObject({ scheme: 'https' });
  });

  test('any other number can’t be told apart', async () => {
    expect(await refusal({ trust, headers }, { ...far, 'X-Forwarded-Proto': 'https, http, http' })).toMatch(
      /Proto/,
    );
    const near = { 'X-Forwarded-For': '198.51.100.7' };
    const hosts = [
      ...Object.entries(near),
      ['X-Forwarded-Host', 'evil.example'],
      ['X-Forwarded-Host', 'example.com'],
    ];
    expect(await refusal({ trust, headers }, hosts as [string, string][])).toMatch(/Host/);
    expect(await refusal({ trust, headers }, { 'X-Forwarded-Port': '80, 81' })).toMatch(/Port/);
  });

  test('with hops, their number is how many entries there are', async () => {
    const told = { 'X-Forwarded-Proto': 'https, http' };
    expect(await see({ trust, hops: 2 }, told)).toMatchObject({ scheme: 'https' });
    expect(await refusal({ trust, hops: 3 }, told)).toMatch(/several/);
  });
});

test('a page of one’s own for what is refused', async () => {
  const response = await ask(
    {
      trust,
      errorPage: (status, detail) => ({ headers: [['X-Page', 'mine']], content: `${status}|${detail}` }),
    },
    { 'X-Forwarded-For': '<script>' },
  );
  expect([response.statusCode, response.header('X-Page')]).toEqual([400, 'mine']);
  expect(response.text()).toMatch(/^400 Bad Request\|.*client/);
  expect(response.text()).not.toContain('<script>');
});

test('what fails for another reason is not taken for a refusal', () => {
  const broken = new Error('planned');
  const environ = {
    'fapws.raw_header': 'GET / HTTP/1.1\r\nX-Forwarded-For: ::1',
    REMOTE_ADDR: proxy,
    get HTTP_X_FORWARDED_FOR(): string {
      throw broken;
    },
  };
  const application = forwarded({ trust })(tell);
  expect(() => application(environ as never, (() => () => undefined) as never)).toThrow(broken);
});

test('a request without claims costs one look at its head', () => {
  const read: string[] = [];
  const head =
    'GET / HTTP/1.1\r\nHost: a\r\nCookie: x-forwarded-for=1\r\nX-Other: forwarded: for=::1\r\nFrom: f\r\nTE: x';
  const environ = new Proxy({ 'fapws.raw_header': head } as Record<string, unknown>, {
    get: (target, key: string) => {
      read.push(key);
      return target[key];
    },
    set: () => {
      throw new Error('nothing is written');
    },
  });
  const result = forwarded({ trust })(() => 'reached')(environ as never, (() => () => undefined) as never);
  expect([result, read]).toEqual(['reached', ['fapws.raw_header']]);
});
