// Forwarded (RFC 7239): its syntax by clause and by properties, and what it means here.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ForwardedElement, parseForwarded } from '../src/forwarded-field.ts';
import { Refused } from '../src/refused.ts';
import { proxy, refusal, see } from './seen.ts';

const options = { trust: ['10.0.0.0/8'], headers: ['Forwarded'] } as const;

const plain = (elements: readonly ForwardedElement[]): Record<string, string>[] =>
  elements.map(element => Object.fromEntries(element));

describe('syntax', () => {
  test.each<[string, Record<string, string>[]]>([
    ['for=192.0.2.60;proto=http;by=203.0.113.43', [{ for: '192.0.2.60', proto: 'http', by: '203.0.113.43' }]],
    ['for="_gazonk"', [{ for: '_gazonk' }]],
    ['For="[2001:db8:cafe::17]:4711"', [{ for: '[2001:db8:cafe::17]:4711' }]],
    ['FOR=192.0.2.43, for=198.51.100.17', [{ for: '192.0.2.43' }, { for: '198.51.100.17' }]],
    ['for=a,,;, for=b,', [{ for: 'a' }, { for: 'b' }]],
    ['for=a ; proto=http\t,\tfor=b', [{ for: 'a', proto: 'http' }, { for: 'b' }]],
    ['secret="a,b;c=\\"d\\\\\\""', [{ secret: 'a,b;c="d\\"' }]],
    ['host=""', [{ host: '' }]],
    ['__proto__=a;constructor=b', JSON.parse('[{"__proto__":"a","constructor":"b"}]')],
    ['', []],
  ])('%s', (line, elements) => {
    expect(plain(parseForwarded([line]))).toEqual(elements);
  });

  test.each([
    'for',
    'for=',
    '=a',
    'for =a',
    'for= a',
    'for=a b',
    'for=[2001:db8::1]',
    'for=192.0.2.1:80',
    'for="a',
    'for="a\\',
    'for="a"b',
    'for="a""b"',
    "for='a b'",
    'for=a;for=b',
    'for=a;FOR=b',
    'for=a/b',
    'for=ä',
  ])('%s is no syntax', line => {
    expect(() => parseForwarded([line])).toThrow(Refused);
  });

  test('any parameters come back, quoted or not', () => {
    const token = fc.stringMatching(/^[!#$%&'*+\-.^_`|~0-9a-z]{1,8}$/);
    const text = fc.string({
      unit: fc.integer({ min: 0x20, max: 0x7e }).map(code => String.fromCharCode(code)),
    });
    const element = fc.uniqueArray(fc.tuple(token, text), {
      selector: ([name]) => name,
      minLength: 1,
      maxLength: 4,
    });
    const quoted = (value: string): string => `"${value.replace(/["\\]/g, '\\$&')}"`;
    fc.assert(
      fc.property(fc.array(element, { maxLength: 4 }), fc.boolean(), (elements, inLines) => {
        const written = elements.map(pairs =>
          pairs
            .map(([name, value]) => `${name}=${/^[\w.-]+$/.test(value) ? value : quoted(value)}`)
            .join(';'),
        );
        const read = parseForwarded(inLines ? written : [written.join(', ')]);
        expect(read.map(pairs => [...pairs])).toEqual(elements);
      }),
    );
  });

  test('any octets are read or refused, in a time that grows with their number', () => {
    const octet = fc.constantFrom(
      'for',
      'proto',
      '=',
      '"',
      '\\',
      ';',
      ',',
      ' ',
      'a',
      '[',
      ':',
      '\u00ff',
      '\u0000',
    );
    fc.assert(
      fc.property(fc.array(octet, { maxLength: 40 }), parts => {
        try {
          parseForwarded([parts.join('')]);
        } catch (error) {
          expect(error).toBeInstanceOf(Refused);
        }
      }),
      { numRuns: 1000 },
    );
    expect(parseForwarded([',;'.repeat(8000)])).toEqual([]);
  });
});

describe('meaning', () => {
  test('the client, its port, the scheme and the host are those of the outermost trusted proxy', async () => {
    const value =
      'for=203.0.113.9;host=evil.example, for="198.51.100.7:50000";proto=HTTPS;host="example.com:8443";by=_edge, for=10.0.0.2;proto=http;host=inner';
    expect(await see(options, { Forwarded: value })).toMatchObject({
      address: '198.51.100.7',
      port: '50000',
      scheme: 'https',
      host: 'example.com:8443',
      serverName: 'example.com',
      serverPort: '8443',
      peer: { address: proxy, port: 4711 },
    });
  });

  test.each([
    ['unknown', 'unknown', ''],
    ['Unknown', 'unknown', ''],
    ['_hidden', '_hidden', ''],
    ['"_hidden:4711"', '_hidden', '4711'],
    ['"192.0.2.1:_port"', '192.0.2.1', ''],
    ['"[2001:DB8::1]"', '2001:db8::1', ''],
    ['"[2001:db8::1]:80"', '2001:db8::1', '80'],
    ['"192.0.2.1:00080"', '192.0.2.1', '80'],
  ])('for=%s', async (node, address, port) => {
    expect(await see(options, { Forwarded: `for=${node}` })).toMatchObject({ address, port });
  });

  test.each([
    '""',
    'localhost',
    '"2001:db8::1"',
    '"[192.0.2.1]"',
    '"[fe80::1%eth0]"',
    '010.0.0.1',
    '"192.0.2.1:"',
    '"192.0.2.1:65536"',
    '"_ "',
    '"unix:"',
  ])('for=%s is refused', async node => {
    expect(await refusal(options, { Forwarded: `for=${node}` })).toMatch(/client/);
  });

  test('an element without "for" tells of scheme and host only', async () => {
    const seen = await see(options, { Forwarded: 'for=192.0.2.1, proto=https;host=example.com' });
    expect(seen).toMatchObject({ address: proxy, scheme: 'https', host: 'example.com' });
  });

  test('an unnamed node is nobody’s proxy, unless hops are counted', async () => {
    const value = 'for=192.0.2.1, for=_edge, for=10.0.0.2';
    expect(await see(options, { Forwarded: value })).toMatchObject({ address: '_edge' });
    expect(await see({ ...options, hops: 3 }, { Forwarded: value })).toMatchObject({ address: '192.0.2.1' });
  });

  test.each(['for=192.0.2.1;proto=ftp', 'for=192.0.2.1;host="a b"', 'for=192.0.2.1;proto=""'])(
    '%s is refused',
    async value => {
      await refusal(options, { Forwarded: value });
    },
  );

  test('bad syntax is refused, whoever has written it', async () => {
    expect(await refusal(options, { Forwarded: 'for=, for=192.0.2.1' })).toMatch(/Forwarded field/);
  });
});

describe('a quote that a client leaves open', () => {
  const open = 'for=_a;x="';

  test('does not swallow the line of the proxy', async () => {
    const lines = [
      ['Forwarded', open],
      ['Forwarded', 'for=198.51.100.7;host="'],
    ] as const;
    // Joined, the two would be one element with one strange parameter.
    expect(await refusal(options, lines)).toMatch(/does not end/);
  });

  test('is refused when the proxy adds to the same line', async () => {
    for (const own of [
      'for=198.51.100.7',
      'for="[2001:db8::7]"',
      'for="[2001:db8::7]";proto=https;host="a:1"',
    ]) {
      expect(await refusal(options, { Forwarded: `${open}, ${own}` })).toMatch(/Forwarded field/);
    }
  });
});

describe('together with X-Forwarded-*', () => {
  const both = {
    trust: ['10.0.0.0/8'],
    headers: ['Forwarded', 'X-Forwarded-For', 'X-Forwarded-Proto', 'X-Forwarded-Host'],
  } as const;

  test('what one says and the other does not is taken', async () => {
    const told = {
      Forwarded: 'for="198.51.100.7:50000"',
      'X-Forwarded-Proto': 'https',
      'X-Forwarded-For': '198.51.100.7',
    };
    expect(await see(both, told)).toMatchObject({ address: '198.51.100.7', port: '50000', scheme: 'https' });
    const other = { Forwarded: 'for=198.51.100.7;proto=https', 'X-Forwarded-For': '198.51.100.7:50000' };
    expect(await see(both, other)).toMatchObject({ address: '198.51.100.7', port: '50000', scheme: 'https' });
  });

  test('equal in other words is equal', async () => {
    const told = {
      Forwarded: 'for="[2001:DB8::7]";host="Example.com:80"',
      'X-Forwarded-For': '2001:db8:0::7',
      'X-Forwarded-Host': 'example.com:80',
    };
    expect(await see(both, told)).toMatchObject({ address: '2001:db8::7' });
  });

  test.each([
    [{ Forwarded: 'for=198.51.100.7', 'X-Forwarded-For': '198.51.100.8' }],
    [{ Forwarded: 'for=_a', 'X-Forwarded-For': 'unknown' }],
    [{ Forwarded: 'proto=http', 'X-Forwarded-Proto': 'https' }],
    [{ Forwarded: 'host=a', 'X-Forwarded-Host': 'b' }],
    [{ Forwarded: 'host="a:1"', 'X-Forwarded-Host': 'a' }],
  ])('%j contradicts itself', async told => {
    expect(await refusal(both, told)).toMatch(/contradict/);
  });

  test('X-Forwarded-Port and -Prefix add to Forwarded', async () => {
    const mixed = {
      trust: ['10.0.0.0/8'],
      headers: ['forwarded', 'x-forwarded-port', 'X-Forwarded-Prefix'] as never,
    };
    const told = {
      Forwarded: 'for=198.51.100.7;proto=https;host=a',
      'X-Forwarded-Port': '444',
      'X-Forwarded-Prefix': '/p',
    };
    expect(await see(mixed, told)).toMatchObject({ host: 'a:444', script: '/p', scheme: 'https' });
  });
});
