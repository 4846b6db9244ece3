// Addresses as numbers and back, held to Node's own reading of them; and which range an address is in.

import { BlockList, isIPv4, isIPv6 } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ipv4Of, ipv6Of, parseAddress } from '../src/address.ts';
import { TrustList } from '../src/trust.ts';

const octet = fc.integer({ min: 0, max: 255 });
const ipv4 = fc.tuple(octet, octet, octet, octet);
const group = fc.oneof(fc.constant(0), fc.constant(0xffff), fc.integer({ min: 0, max: 0xffff }));
const groups = fc.array(group, { minLength: 8, maxLength: 8 });
const full = (parts: readonly number[]): string => parts.map(part => part.toString(16)).join(':');
const octetsOf = (parts: readonly number[]): Uint8Array =>
  Uint8Array.from(parts.flatMap(part => [part >> 8, part & 255]));

/** The host of a URL is in RFC 5952's form, but for IPv4-mapped addresses. */
const canonical = (text: string): string => new URL(`http://[${text}]/`).hostname.slice(1, -1);

describe('text', () => {
  test('what is an address is what Node takes for one, without zones', () => {
    const part = fc.constantFrom(
      '0',
      '1',
      '01',
      '255',
      '256',
      '.',
      '.',
      '.',
      ':',
      ':',
      '::',
      'ffff',
      'fffff',
      'g',
      '%',
      ' ',
      'A',
    );
    const near = fc.oneof(
      fc.array(part, { maxLength: 16 }).map(parts => parts.join('')),
      ipv4.map(parts => parts.join('.')),
      groups.map(full),
      fc.tuple(groups, ipv4).map(([parts, last]) => `${full(parts.slice(0, 6))}:${last.join('.')}`),
      fc
        .tuple(groups, fc.nat(7), fc.nat(7))
        .map(([parts, from, to]) => `${full(parts.slice(0, from))}::${full(parts.slice(to))}`),
    );
    fc.assert(
      fc.property(near, text => {
        expect(parseAddress(text) !== null).toBe((isIPv4(text) || isIPv6(text)) && !text.includes('%'));
      }),
      { numRuns: 3000 },
    );
  });

  test('every address has one text, whichever way it was written', () => {
    fc.assert(
      fc.property(groups, parts => {
        const address = parseAddress(full(parts));
        expect(address).toEqual(ipv6Of(octetsOf(parts)));
        expect(parseAddress(full(parts).toUpperCase())?.text).toBe(address?.text);
        expect(parseAddress(address?.text as string)).toEqual(address);
        if (address?.text.includes('.') === false) expect(address.text).toBe(canonical(full(parts)));
      }),
    );
    fc.assert(
      fc.property(ipv4, parts => {
        const address = parseAddress(parts.join('.'));
        expect(address).toEqual(ipv4Of(Uint8Array.from(parts)));
        expect(parseAddress(`::ffff:${parts.join('.')}`)).toEqual(address);
      }),
    );
  });

  test.each([
    '',
    ':',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '::1.2.3',
    '1.2.3.4::',
    '1:2:3:4:5:6:7:1.2.3.4',
    '::1%lo',
    '١.٢.٣.٤',
    '1.2.3.4\n',
    ' 1.2.3.4',
    '+1.2.3.4',
    '1e1.2.3.4',
    '0'.repeat(1000),
  ])('%j is none', text => {
    expect(parseAddress(text)).toBeNull();
  });
});

describe('ranges', () => {
  test('an address is in a range when Node says so', () => {
    fc.assert(
      fc.property(ipv4, ipv4, fc.integer({ min: 1, max: 32 }), fc.boolean(), (base, other, prefix, near) => {
        const list = new BlockList();
        const network = masked(base, prefix, 8).join('.');
        list.addSubnet(network, prefix);
        const address = (near ? base.with(3, other[3]) : other).join('.');
        const trust = new TrustList([`${network}/${prefix}`], 'test');
        expect(trust.hasPeer(address)).toBe(list.check(address));
        expect(trust.hasPeer(`::ffff:${address}`)).toBe(list.check(address));
      }),
    );
    fc.assert(
      fc.property(
        groups,
        groups,
        fc.integer({ min: 1, max: 128 }),
        fc.nat(8),
        (base, other, prefix, shared) => {
          fc.pre(base[5] !== 0xffff && other[5] !== 0xffff);
          const list = new BlockList();
          const network = full(masked(base, prefix, 16));
          list.addSubnet(network, prefix, 'ipv6');
          const address = full([...base.slice(0, shared), ...other.slice(shared)]);
          expect(new TrustList([`${network}/${prefix}`], 'test').hasPeer(address)).toBe(
            list.check(address, 'ipv6'),
          );
        },
      ),
    );
  });

  test.each([
    [
      ['loopback'],
      ['127.0.0.1', '127.255.255.255', '::1', '::ffff:127.0.0.1'],
      ['128.0.0.0', '::2', '10.0.0.1', ''],
    ],
    [
      ['private'],
      ['10.1.2.3', '172.16.0.1', '172.31.255.255', '192.168.9.9', 'fd00::1'],
      ['172.32.0.0', '11.0.0.0', 'fe80::1', '127.0.0.1'],
    ],
    [['linklocal'], ['169.254.1.1', 'fe80::1', 'fe80::1%eth0'], ['169.255.0.0', 'fec0::1']],
    [['unix'], ['', 'unix:', '/run/client.sock', '\0abstract'], ['127.0.0.1', 'unknown', '_x', '@x']],
    [
      ['192.0.2.7', '2001:db8::7'],
      ['192.0.2.7', '2001:db8::7'],
      ['192.0.2.8', '2001:db8::8', '2001:db8::'],
    ],
    [['::/0'], ['::1', '2001:db8::1'], ['192.0.2.1', '::ffff:192.0.2.1']],
    [['0.0.0.0/0'], ['192.0.2.1', '::ffff:192.0.2.1'], ['::1']],
  ])('%j', (entries, inside, outside) => {
    const trust = new TrustList(entries, 'test');
    expect(inside.filter(peer => !trust.hasPeer(peer))).toEqual([]);
    expect(outside.filter(peer => trust.hasPeer(peer))).toEqual([]);
  });
});

test('what is remembered of peers stays right when there are more than are remembered', () => {
  const trust = new TrustList(['10.0.0.0/8'], 'test');
  for (let round = 0; round < 2; round += 1) {
    for (let at = 0; at < 3000; at += 1) {
      expect(trust.hasPeer(`${10 + (at & 1)}.0.${at >> 8}.${at & 255}`)).toBe((at & 1) === 0);
    }
  }
});

/** The parts of an address with all bits behind the prefix cleared. */
function masked(parts: readonly number[], prefix: number, width: number): number[] {
  return parts.map((part, at) => {
    const bits = Math.min(Math.max(prefix - at * width, 0), width);
    return part & ~((1 << (width - bits)) - 1);
  });
}
