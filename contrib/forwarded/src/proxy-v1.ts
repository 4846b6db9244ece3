// Version 1 of the PROXY protocol: one line of text, `PROXY TCP4 192.0.2.1 198.51.100.1 56324 443`.

import type { Endpoint } from '@fapws/core';
import { parseAddress } from './address.ts';
import { ProxyHeaderError, plainHeader, type ReadHeader } from './proxy-header.ts';

/** What every line begins with. */
export const signatureV1 = 'PROXY ';

/** The longest line there is, two full IPv6 addresses and `UNKNOWN` in it, with CR LF. */
const longestLine = 107;

/**
 * @param octets which begin with the signature, or are the beginning of it
 * @returns null when the line is not complete
 * @throws {ProxyHeaderError}
 */
export function readV1(octets: Uint8Array): ReadHeader | null {
  const end = octets.subarray(0, longestLine).indexOf(0x0a);
  if (end === -1) {
    if (octets.length < longestLine) return null;
    throw new ProxyHeaderError(`The PROXY line does not end within ${longestLine} octets.`);
  }
  if (octets[end - 1] !== 0x0d) throw new ProxyHeaderError('The PROXY line does not end in CR LF.');
  const line = String.fromCharCode(...octets.subarray(0, end - 1));
  const length = end + 1;
  // What follows UNKNOWN is to be ignored.
  if (line === 'PROXY UNKNOWN' || line.startsWith('PROXY UNKNOWN ')) {
    return { length, header: { ...plainHeader, version: 1, command: 'PROXY' } };
  }
  const [, family, from, to, fromPort, toPort, ...rest] = line.split(' ');
  if ((family !== 'TCP4' && family !== 'TCP6') || rest.length > 0) {
    throw new ProxyHeaderError(
      'The PROXY line is not TCP4, TCP6 or UNKNOWN with two addresses and two ports.',
    );
  }
  const endpoint = (address = '', port = ''): Endpoint => {
    const ip = parseAddress(address);
    if (ip === null || address.includes(':') !== (family === 'TCP6')) {
      throw new ProxyHeaderError(`The PROXY line has an address that is not one of ${family}.`);
    }
    if (!/^(0|[1-9]\d{0,4})$/.test(port) || Number(port) > 65_535) {
      throw new ProxyHeaderError('The PROXY line has a port that is not a number from 0 to 65535.');
    }
    return { address: ip.text, port: Number(port) };
  };
  const source = endpoint(from, fromPort);
  const destination = endpoint(to, toPort);
  return { length, header: { ...plainHeader, version: 1, command: 'PROXY', family, source, destination } };
}
