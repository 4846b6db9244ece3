// The PROXY protocol: each rule of versions 1 and 2, read whole and cut at every octet.

import { Buffer } from 'node:buffer';
import type { PrefaceResult } from '@fapws/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { crc32c } from '../src/crc32c.ts';
import { type ProxyHeader, proxyProtocol } from '../src/index.ts';
import { ProxyHeaderError } from '../src/proxy-header.ts';
import { signature, tcp4, tcp6, tlv, unix, v1, v2, withChecksum } from './proxy-headers.ts';

const trust = ['10.0.0.0/8'];
const preface = proxyProtocol({ trust });

/**
 * What `octets` are, with a request behind them: the same whether all has come at once or only so much of it, for every
 * length; and until it is known, more is asked for.
 */
function read(octets: Buffer, reader = preface): PrefaceResult {
  const whole = Buffer.concat([octets, Buffer.from('GET / HTTP/1.1\r\n\r\n')]);
  const result = reader.read(whole);
  if (result === null) throw new Error('not complete');
  for (let length = 1; length < whole.length; length += 1) {
    const part = reader.read(Buffer.from(whole.subarray(0, length)));
    if (length >= octets.length) expect(part).toEqual(result);
    else expect(part).toBeNull();
  }
  expect(result.length).toBe(octets.length);
  return result;
}

const details = (octets: Buffer): ProxyHeader => read(octets).details as ProxyHeader;

/** The message for what is no header: thrown for the whole, and for no part of it is anything answered but "more". */
function complaint(octets: Buffer, reader = preface): string {
  for (let length = 1; length < octets.length; length += 1) {
    try {
      expect(reader.read(octets.subarray(0, length))).toBeNull();
    } catch (error) {
      expect(error).toBeInstanceOf(ProxyHeaderError);
    }
  }
  try {
    reader.read(octets);
  } catch (error) {
    expect(error).toBeInstanceOf(ProxyHeaderError);
    return (error as Error).message;
  }
  throw new Error('not refused');
}

describe('version 1', () => {
  test('TCP4', () => {
    const ends = {
      remote: { address: '192.0.2.7', port: 50_000 },
      local: { address: '198.51.100.1', port: 443 },
    };
    const result = read(v1('TCP4 192.0.2.7 198.51.100.1 50000 443'));
    expect(result).toMatchObject(ends);
    expect(result.scheme).toBeUndefined();
    expect(result.details).toMatchObject({
      version: 1,
      command: 'PROXY',
      family: 'TCP4',
      source: ends.remote,
      tlvs: [],
    });
  });

  test('TCP6, in canonical form', () => {
    expect(read(v1('TCP6 2001:DB8:0::7 ::ffff:198.51.100.1 0 65535'))).toMatchObject({
      remote: { address: '2001:db8::7', port: 0 },
      local: { address: '198.51.100.1', port: 65_535 },
    });
  });

  test('UNKNOWN, with whatever behind it', () => {
    for (const line of ['UNKNOWN', 'UNKNOWN ', 'UNKNOWN ffff::1 ::2 1 2', 'UNKNOWN \0\u00ff']) {
      const result = read(v1(line));
      expect([result.remote, result.local]).toEqual([undefined, undefined]);
      expect(result.details).toMatchObject({ version: 1, command: 'PROXY', family: 'UNSPEC' });
    }
  });

  test('the longest line there can be', () => {
    const line = `UNKNOWN ${'f'.repeat(91)}`;
    expect(v1(line).length).toBe(107);
    expect(read(v1(line)).length).toBe(107);
    expect(complaint(v1(`${line}f`))).toMatch(/within 107 octets/);
    expect(complaint(Buffer.alloc(5000, 'PROXY '))).toMatch(/within 107 octets/);
  });

  test.each([
    'TCP4',
    'TCP4 192.0.2.7',
    'TCP4 192.0.2.7 198.51.100.1 1',
    'TCP4 192.0.2.7 198.51.100.1 1 2 3',
    'TCP4 192.0.2.7 198.51.100.1 1 2 ',
    'TCP4  192.0.2.7 198.51.100.1 1 2',
    'TCP4 192.0.2.7\t198.51.100.1 1 2',
    'tcp4 192.0.2.7 198.51.100.1 1 2',
    'TCP5 192.0.2.7 198.51.100.1 1 2',
    'TCP4 192.0.2.07 198.51.100.1 1 2',
    'TCP4 192.0.2.7 198.51.100 1 2',
    'TCP4 ::1 ::1 1 2',
    'TCP4 ::ffff:192.0.2.7 198.51.100.1 1 2',
    'TCP6 192.0.2.7 198.51.100.1 1 2',
    'TCP6 fe80::1%eth0 ::1 1 2',
    'TCP6 [::1] [::1] 1 2',
    'TCP4 192.0.2.7 198.51.100.1 01 2',
    'TCP4 192.0.2.7 198.51.100.1 -1 2',
    'TCP4 192.0.2.7 198.51.100.1 1 65536',
    'TCP4 192.0.2.7 198.51.100.1 1 0x2',
    'TCP4 localhost 198.51.100.1 1 2',
    'UNKNOWNS',
    '',
  ])('PROXY %s is refused', line => {
    complaint(v1(line));
  });

  test('a line ends in CR LF', () => {
    expect(complaint(Buffer.from('PROXY UNKNOWN\n'))).toMatch(/CR LF/);
    expect(complaint(Buffer.from('PROXY TCP4 192.0.2.7 198.51.100.1 1 2\r\r\n'))).toMatch(/port/);
  });
});

describe('version 2', () => {
  test('TCP4 and TCP6', () => {
    expect(read(v2(0x21, 0x11, tcp4))).toMatchObject({
      remote: { address: '192.0.2.7', port: 50_000 },
      local: { address: '198.51.100.1', port: 443 },
      details: { version: 2, command: 'PROXY', family: 'TCP4' },
    });
    expect(read(v2(0x21, 0x21, tcp6))).toMatchObject({
      remote: { address: '2001:db8::7', port: 50_000 },
      local: { address: '2001:db8::1', port: 443 },
      details: { family: 'TCP6' },
    });
  });

  test('UDP, as a proxy of HTTP/3 has it', () => {
    expect(details(v2(0x21, 0x12, tcp4))).toMatchObject({ family: 'UDP4' });
    expect(details(v2(0x21, 0x22, tcp6))).toMatchObject({ family: 'UDP6' });
  });

  test('an IPv4-mapped client is the IPv4 client', () => {
    const mapped = Buffer.from(`${'00'.repeat(10)}ffffc0000207${'00'.repeat(15)}01c35001bb`, 'hex');
    expect(read(v2(0x21, 0x21, mapped))).toMatchObject({
      remote: { address: '192.0.2.7' },
      local: { address: '::1' },
    });
  });

  test('a client on a unix socket has no address; its path is a detail', () => {
    const result = read(v2(0x21, 0x31, unix('/tmp/evil\r\n', '/run/front.sock')));
    expect([result.remote, result.local]).toEqual([
      { address: 'unix:', port: 0 },
      { address: '', port: 0 },
    ]);
    expect(result.details).toMatchObject({
      family: 'UNIX',
      source: { address: '/tmp/evil\r\n', port: 0 },
      destination: { address: '/run/front.sock', port: 0 },
    });
    expect(details(v2(0x21, 0x31, unix('', '\0abstract'))).source?.address).toBe('');
    expect(details(v2(0x21, 0x32, unix('', '\0abstract'))).destination?.address).toBe('\0abstract');
    expect(details(v2(0x21, 0x31, unix('p'.repeat(108), ''))).source?.address).toBe('p'.repeat(108));
  });

  test('LOCAL is the proxy itself, whatever is behind it', () => {
    for (const parts of [[], [tcp4], [Buffer.alloc(100, 0xff)]]) {
      for (const family of [0x00, 0x11, 0xff]) {
        const result = read(v2(0x20, family, ...parts));
        expect([result.remote, result.local, result.scheme]).toEqual([undefined, undefined, undefined]);
        expect(result.details).toMatchObject({ version: 2, command: 'LOCAL', family: 'UNSPEC', tlvs: [] });
      }
    }
  });

  test('UNSPEC tells of no address, but may tell more', () => {
    const result = read(v2(0x21, 0x00, tlv(0x02, 'example.com')));
    expect(result.remote).toBeUndefined();
    expect(result.details).toMatchObject({ command: 'PROXY', family: 'UNSPEC', authority: 'example.com' });
  });

  test('all values', () => {
    const certificate = Buffer.concat([
      Buffer.from([7, 0, 0, 0, 0]),
      tlv(0x21, 'TLSv1.3'),
      tlv(0x22, 'Jürgen'),
      tlv(0x23, 'TLS_AES_256_GCM_SHA384'),
      tlv(0x24, 'SHA256'),
      tlv(0x25, 'RSA2048'),
      tlv(0x2f, 'later'),
    ]);
    const octets = v2(
      0x21,
      0x11,
      tcp4,
      tlv(0x01, 'http/1.1'),
      tlv(0x02, 'bücher.example'),
      tlv(0x04, Buffer.alloc(5)),
      tlv(0x05, Buffer.from([1, 2, 3])),
      tlv(0x20, certificate),
      tlv(0x30, 'blue'),
      tlv(0xea, Buffer.from('\u0001vpce-1')),
    );
    const result = read(octets);
    expect(result.scheme).toBe('https');
    expect(result.details).toMatchObject({
      alpn: 'http/1.1',
      authority: 'bücher.example',
      uniqueId: Uint8Array.of(1, 2, 3),
      namespace: 'blue',
      tls: {
        secure: true,
        certificate: { connection: true, session: true },
        verified: true,
        version: 'TLSv1.3',
        commonName: 'Jürgen',
        cipher: 'TLS_AES_256_GCM_SHA384',
        signature: 'SHA256',
        key: 'RSA2048',
      },
    });
    expect((result.details as ProxyHeader).tlvs.map(({ type }) => type)).toEqual([
      1, 2, 4, 5, 0x20, 0x30, 0xea,
    ]);
  });

  test('a TLS part is https only if it says so, and a certificate is valid only if there is one', () => {
    const part = (bits: number, result: number): PrefaceResult =>
      read(v2(0x21, 0x11, tcp4, tlv(0x20, Buffer.from([bits, 0, 0, 0, result]))));
    const tls = (...given: Parameters<typeof part>) => (part(...given).details as ProxyHeader).tls;
    expect([part(1, 0).scheme, part(0, 0).scheme]).toEqual(['https', undefined]);
    expect(tls(1, 0)).toMatchObject({ verified: false, certificate: { connection: false, session: false } });
    expect(tls(3, 0)).toMatchObject({ verified: true, certificate: { connection: true, session: false } });
    expect(tls(5, 0)).toMatchObject({ verified: true, certificate: { connection: false, session: true } });
    expect(tls(7, 10)).toMatchObject({ verified: false });
  });

  test('what a header says does not change with the octets that it was read from', () => {
    const octets = v2(0x21, 0x11, tcp4, tlv(0x05, 'unique'));
    const header = preface.read(octets)?.details as ProxyHeader;
    octets.fill(0);
    expect(Buffer.from(header.uniqueId as Uint8Array).toString()).toBe('unique');
  });

  test('a checksum that is there has to be right', () => {
    // RFC 3720 B.4: 32 octets of zeros.
    expect(crc32c(new Uint8Array(32))).toBe(0x8a91_36aa);
    const at = 16 + 12 + 3;
    const octets = withChecksum(v2(0x21, 0x11, tcp4, tlv(0x03, Buffer.alloc(4)), tlv(0x02, 'a')), at);
    expect(read(octets)).toMatchObject({ remote: { address: '192.0.2.7' } });
    for (let octet = 16; octet < octets.length; octet += 1) {
      const damaged = Buffer.from(octets);
      damaged[octet] = (damaged[octet] as number) ^ 1;
      // The type and the length of the checksum itself, and what the length moves, are other complaints or none.
      if (octet >= at - 3 && octet < at) continue;
      expect(complaint(damaged)).toMatch(/checksum|does not end within/);
    }
  });

  test('a checksum is four octets, whatever they are', () => {
    const five = v2(0x21, 0x11, tcp4, tlv(0x03, Buffer.alloc(5)));
    expect(complaint(withChecksum(five, 16 + 12 + 3))).toMatch(/not four octets/);
  });

  test.each<[string, Buffer]>([
    ['version 1 in binary', v2(0x11, 0x11, tcp4)],
    ['version 3', v2(0x31, 0x11, tcp4)],
    ['a command that does not exist', v2(0x22, 0x11, tcp4)],
    ['a transport that does not exist', v2(0x21, 0x13, tcp4)],
    ['an address family that does not exist', v2(0x21, 0x41, tcp4)],
    ['a family without a transport', v2(0x21, 0x10, tcp4)],
    ['a transport without a family', v2(0x21, 0x01, tcp4)],
    ['no room for the addresses', v2(0x21, 0x21, tcp4)],
    ['no addresses', v2(0x21, 0x11)],
    ['a value without its length', v2(0x21, 0x11, tcp4, Buffer.from([1, 0]))],
    ['a value longer than the header', v2(0x21, 0x11, tcp4, Buffer.from([1, 0, 2, 0]))],
    ['a unique id of 129 octets', v2(0x21, 0x11, tcp4, tlv(0x05, Buffer.alloc(129)))],
    ['a TLS part of four octets', v2(0x21, 0x11, tcp4, tlv(0x20, Buffer.alloc(4)))],
    [
      'a value in the TLS part longer than it',
      v2(0x21, 0x11, tcp4, tlv(0x20, Buffer.from([1, 0, 0, 0, 0, 0x21, 0, 9, 0]))),
    ],
    ['a name that is not UTF-8', v2(0x21, 0x11, tcp4, tlv(0x02, Buffer.from([0xc0, 0x80])))],
    ['two names', v2(0x21, 0x11, tcp4, tlv(0x02, 'a'), tlv(0x02, 'b'))],
    ['two TLS parts', v2(0x21, 0x11, tcp4, tlv(0x20, Buffer.alloc(5)), tlv(0x20, Buffer.alloc(5)))],
    [
      'a signature that goes wrong at its end',
      Buffer.concat([signature.subarray(0, 11), Buffer.from([0x0b, 0x21])]),
    ],
  ])('%s is refused', (_, octets) => {
    complaint(octets);
  });

  test('what is wrong is said before all has come', () => {
    expect(() => preface.read(Buffer.concat([signature, Buffer.from([0x31])]))).toThrow(/version 2/);
    expect(() => preface.read(Buffer.concat([signature, Buffer.from([0x21, 0x55])]))).toThrow(/family/);
    expect(() => preface.read(v2(0x21, 0x21, tcp4).subarray(0, 16))).toThrow(/too short/);
  });
});

describe('properties', () => {
  const endpoint = fc.record({ host: fc.ipV4(), port: fc.nat(65_535) });
  const endpoint6 = fc.record({ host: fc.ipV6(), port: fc.nat(65_535) });

  test('any line of addresses is what it says', () => {
    fc.assert(
      fc.property(fc.oneof(fc.tuple(endpoint, endpoint), fc.tuple(endpoint6, endpoint6)), ([from, to]) => {
        const family = from.host.includes(':') ? 'TCP6' : 'TCP4';
        const result = read(v1(`${family} ${from.host} ${to.host} ${from.port} ${to.port}`));
        expect([result.remote?.port, result.local?.port]).toEqual([from.port, to.port]);
        if (family === 'TCP4') expect(result.remote?.address).toBe(from.host);
      }),
    );
  });

  test('both versions tell the same of the same connection', () => {
    fc.assert(
      fc.property(endpoint, endpoint, (from, to) => {
        const octets = [...from.host.split('.'), ...to.host.split('.')].map(Number);
        const block = Buffer.from([...octets, from.port >> 8, from.port & 255, to.port >> 8, to.port & 255]);
        const text = read(v1(`TCP4 ${from.host} ${to.host} ${from.port} ${to.port}`));
        const binary = read(v2(0x21, 0x11, block));
        expect([binary.remote, binary.local]).toEqual([text.remote, text.local]);
      }),
    );
  });

  test('any octets are a header, no header, or too few to say: never anything else', () => {
    const start = fc.constantFrom(
      Buffer.alloc(0),
      signature,
      v2(0x21, 0x11, tcp4),
      v2(0x20, 0, tcp4),
      Buffer.from('PROXY TCP4 '),
    );
    fc.assert(
      fc.property(start, fc.uint8Array({ maxLength: 80 }), fc.nat(40), (begin, rest, at) => {
        const octets = Buffer.concat([begin, rest]);
        const damaged = Buffer.from(octets);
        if (at < damaged.length) damaged[at] = (damaged[at] as number) ^ (1 + (rest[0] ?? 0));
        for (const one of [octets, damaged]) {
          if (one.length === 0) continue;
          try {
            const result = preface.read(one);
            if (result === null) continue;
            expect(result.length).toBeGreaterThan(0);
            expect(result.length).toBeLessThanOrEqual(one.length);
          } catch (error) {
            expect(error).toBeInstanceOf(ProxyHeaderError);
          }
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('options', () => {
  test('a header is expected of trusted peers only', () => {
    const local = { address: '10.0.0.9', port: 80 };
    const expected = (address: string, reader = preface): boolean =>
      reader.expectedFrom({ address, port: address === '' ? 0 : 5000 }, local);
    expect([expected('10.1.2.3'), expected('::ffff:10.1.2.3')]).toEqual([true, true]);
    expect([expected('11.0.0.1'), expected(''), expected('::1')]).toEqual([false, false, false]);
    expect(expected('', proxyProtocol({ trust: ['unix'] }))).toBe(true);
    expect(expected('2001:db8::1', proxyProtocol({ trust: ['0.0.0.0/0', '::/0'] }))).toBe(true);
  });

  test.each([
    'GET / HTTP/1.1\r\n',
    'POST / HTTP/1.1\r\n',
    'PROXX',
    'proxy TCP4',
    '\r\nGET / HTTP/1.1',
    '\u0016\u0003\u0001',
  ])('%j of a trusted peer is refused, or with required: false an ordinary request', text => {
    const octets = Buffer.from(text, 'latin1');
    expect(complaint(octets)).toMatch(/does not begin with a PROXY header/);
    const lenient = proxyProtocol({ trust, required: false });
    expect(lenient.read(octets)).toEqual({ length: 0 });
    expect(lenient.read(v1('UNKNOWN'))?.length).toBe(15);
    expect(complaint(v1('NONSENSE'), lenient)).toMatch(/TCP4/);
  });

  test('a port of the front at which it ends TLS means https', () => {
    const reader = proxyProtocol({ trust, tlsPorts: [443] });
    expect(read(v1('TCP4 192.0.2.7 198.51.100.1 1 443'), reader).scheme).toBe('https');
    expect(read(v1('TCP4 192.0.2.7 198.51.100.1 443 80'), reader).scheme).toBeUndefined();
    expect(read(v2(0x21, 0x11, tcp4), reader).scheme).toBe('https');
    expect(read(v1('UNKNOWN ::1 ::1 1 443'), reader).scheme).toBeUndefined();
  });
});
