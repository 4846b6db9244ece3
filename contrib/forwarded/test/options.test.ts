// Options that can't be: each is an error at once, which says what is wrong.

import { describe, expect, test } from 'vitest';
import { forwarded, proxyProtocol } from '../src/index.ts';

const trust = ['10.0.0.0/8'];

describe('forwarded', () => {
  const options = (value: object) => () => forwarded(value as Parameters<typeof forwarded>[0]);

  test.each([
    [{}, /needs trust/],
    [{ trust: [] }, /needs trust/],
    [{ trust: 'loopback' }, /needs trust/],
    [{ trust: ['localhost'] }, /"localhost" in trust is not an address/],
    [{ trust: ['toString'] }, /not an address/],
    [{ trust: ['10.0.0.0/33'] }, /0 to 32/],
    [{ trust: ['2001:db8::/129'] }, /0 to 128/],
    [{ trust: ['10.0.0.0/08'] }, /prefix length/],
    [{ trust: ['10.0.0.0/255.0.0.0'] }, /prefix length/],
    [{ trust: ['10.0.0.1/8'] }, /bits set behind its first 8/],
    [{ trust: ['2001:db8::1/64'] }, /bits set behind its first 64/],
    [{ trust: ['::ffff:10.0.0.0/8'] }, /mix of IPv4 and IPv6/],
    [{ trust: ['010.0.0.1'] }, /not an address/],
    [{ trust: [7] }, /a string/],
    [{ trust: ['0.0.0.0/0'] }, /all addresses/],
    [{ trust: ['::/0'] }, /all addresses/],
    [{ trust, hops: 0 }, /hops/],
    [{ trust, hops: 1.5 }, /hops/],
    [{ trust, hops: '1' }, /hops/],
    [{ trust, headers: [] }, /headers/],
    [{ trust, headers: ['X-Real-IP'] }, /There are: Forwarded,/],
    [{ trust, headers: 'x-forwarded' }, /headers/],
    [{ trust, strip: ['a b'] }, /"a b" in strip/],
    [{ trust, strip: 'x' }, /strip/],
    [{ trust, proxies: 1 }, /no option called proxies/],
  ])('%j', (value, message) => {
    expect(options(value)).toThrow(RangeError);
    expect(options(value)).toThrow(message);
  });

  test('nothing at all', () => {
    expect(() => (forwarded as (options?: unknown) => unknown)()).toThrow(/takes an object/);
  });
});

describe('proxyProtocol', () => {
  test.each([
    [{}, /needs trust/],
    [{ trust, hops: 1 }, /no option called hops/],
    [{ trust, required: 'yes' }, /required is true or false/],
    [{ trust, tlsPorts: 443 }, /list of ports/],
    [{ trust, tlsPorts: ['443'] }, /"443" in tlsPorts/],
    [{ trust, tlsPorts: [0] }, /0 in tlsPorts/],
  ])('%j can’t be', (options, message) => {
    expect(() => proxyProtocol(options as never)).toThrow(RangeError);
    expect(() => proxyProtocol(options as never)).toThrow(message);
  });
});
