// PROXY headers as proxies write them: shared by the tests, and written apart from what reads them.

import { Buffer } from 'node:buffer';

export const signature = Buffer.from([
  0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a,
]);

export function v1(line: string): Buffer {
  return Buffer.from(`PROXY ${line}\r\n`, 'latin1');
}

/** Version 2: `command` is 0x20 or 0x21, `family` e.g. 0x11. */
export function v2(command: number, family: number, ...parts: readonly Buffer[]): Buffer {
  const rest = Buffer.concat(parts);
  const fixed = Buffer.from([command, family, 0, 0]);
  fixed.writeUInt16BE(rest.length, 2);
  return Buffer.concat([signature, fixed, rest]);
}

export function tlv(type: number, value: string | Buffer): Buffer {
  const octets = Buffer.from(value as string);
  const head = Buffer.from([type, 0, 0]);
  head.writeUInt16BE(octets.length, 1);
  return Buffer.concat([head, octets]);
}

/** 192.0.2.7:50000 → 198.51.100.1:443. */
export const tcp4 = Buffer.from([192, 0, 2, 7, 198, 51, 100, 1, 0xc3, 0x50, 0x01, 0xbb]);

/** [2001:db8::7]:50000 → [2001:db8::1]:443. */
export const tcp6 = Buffer.from(
  '20010db8000000000000000000000007' + '20010db8000000000000000000000001' + 'c35001bb',
  'hex',
);

/** A unix socket's addresses. */
export function unix(source: string, destination: string): Buffer {
  const block = Buffer.alloc(216);
  block.write(source, 0, 'latin1');
  block.write(destination, 108, 'latin1');
  return block;
}

/** The checksum's value, for a header that has room for it: bit by bit, as the definition says. */
export function withChecksum(header: Buffer, at: number): Buffer {
  const octets = Buffer.from(header);
  octets.writeUInt32BE(0, at);
  let remainder = 0xffff_ffff;
  for (const octet of octets) {
    for (let bit = 0; bit < 8; bit += 1) {
      const feedback = (remainder ^ (octet >> bit)) & 1;
      remainder >>>= 1;
      if (feedback === 1) remainder ^= 0x82f6_3b78;
    }
  }
  octets.writeUInt32BE(~remainder >>> 0, at);
  return octets;
}
