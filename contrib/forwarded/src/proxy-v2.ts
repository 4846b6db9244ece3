// Version 2 of the PROXY protocol: sixteen octets of fixed form, then addresses, then types, lengths and values.

import type { Endpoint } from '@fapws/core';
import { type IpAddress, ipv4Of, ipv6Of } from './address.ts';
import { crc32c } from './crc32c.ts';
import {
  type ProxyHeader,
  ProxyHeaderError,
  type ProxyTls,
  type ProxyTlv,
  plainHeader,
  type ReadHeader,
} from './proxy-header.ts';

/** What every header begins with: octets that no text protocol survives. */
export const signatureV2 = '\r\n\r\n\0\r\nQUIT\n';

/** Signature, version and command, family, length. */
const fixedLength = 16;

/** Types of values (section 2.2 of the specification). */
const Alpn = 0x01;
const Authority = 0x02;
const Checksum = 0x03;
const UniqueId = 0x05;
const Tls = 0x20;
const TlsVersion = 0x21;
const TlsCommonName = 0x22;
const TlsCipher = 0x23;
const TlsSignature = 0x24;
const TlsKey = 0x25;
const Namespace = 0x30;

/** Bits of the first octet of a Tls value. */
const Secure = 1;
const CertificateInConnection = 2;
const CertificateInSession = 4;

/** Octets of Tls before the values inside it: the bits above and the result of verification. */
const tlsFixedLength = 5;

const longestUniqueId = 128;

interface Family {
  readonly name: ProxyHeader['family'];
  /** Octets of both addresses, and of the ports if it has them. */
  readonly length: number;
}

const unspecified: Family = { name: 'UNSPEC', length: 0 };

const families: ReadonlyMap<number, Family> = new Map<number, Family>([
  [0x00, unspecified],
  [0x11, { name: 'TCP4', length: 12 }],
  [0x12, { name: 'UDP4', length: 12 }],
  [0x21, { name: 'TCP6', length: 36 }],
  [0x22, { name: 'UDP6', length: 36 }],
  [0x31, { name: 'UNIX', length: 216 }],
  [0x32, { name: 'UNIX', length: 216 }],
]);

/**
 * @param octets which begin with the signature, or are the beginning of it
 * @returns null when the header is not complete
 * @throws {ProxyHeaderError}
 */
export function readV2(octets: Uint8Array): ReadHeader | null {
  // What is wrong is said as soon as it is there: nobody has to wait for 65 KB behind it.
  const [versionAndCommand, familyOctet] = octets.subarray(signatureV2.length, signatureV2.length + 2);
  if (versionAndCommand !== undefined && versionAndCommand !== 0x20 && versionAndCommand !== 0x21) {
    throw new ProxyHeaderError('The PROXY header is not version 2 with the command LOCAL or PROXY.');
  }
  const local = versionAndCommand === 0x20;
  // With LOCAL all that follows is to be ignored, even a family that does not exist.
  const family = local ? unspecified : families.get(familyOctet ?? 0);
  if (family === undefined) throw new ProxyHeaderError('The PROXY header has a family that does not exist.');
  if (octets.length < fixedLength) return null;
  const length = fixedLength + uint16(octets, 14);
  if (length < fixedLength + family.length) {
    throw new ProxyHeaderError('The PROXY header is too short for the addresses of its family.');
  }
  if (octets.length < length) return null;
  if (local) return { length, header: { ...plainHeader, version: 2, command: 'LOCAL' } };
  // A copy, which the slice of a Buffer is not: the octets are valid only now.
  const whole = new Uint8Array(octets.subarray(0, length));
  const tlvs = checkedTlvs(whole, fixedLength + family.length);
  return {
    length,
    header: {
      ...plainHeader,
      ...addressesOf(whole.subarray(fixedLength), family.name),
      ...valuesOf(tlvs),
      version: 2,
      command: 'PROXY',
      family: family.name,
      tlvs,
    },
  };
}

function addressesOf(
  block: Uint8Array,
  family: ProxyHeader['family'],
): Partial<Pick<ProxyHeader, 'source' | 'destination'>> {
  const endpoints = (size: number, read: (octets: Uint8Array) => IpAddress) => ({
    source: { address: read(block.subarray(0, size)).text, port: uint16(block, 2 * size) },
    destination: { address: read(block.subarray(size)).text, port: uint16(block, 2 * size + 2) },
  });
  switch (family) {
    case 'TCP4':
    case 'UDP4':
      return endpoints(4, ipv4Of);
    case 'TCP6':
    case 'UDP6':
      return endpoints(16, ipv6Of);
    case 'UNIX':
      return { source: pathOf(block.subarray(0, 108)), destination: pathOf(block.subarray(108, 216)) };
    case 'UNSPEC':
      return {};
  }
}

/** The path ends at the first NUL, unless that is its first octet: such a name is of Linux's abstract kind. */
function pathOf(field: Uint8Array): Endpoint {
  const end = field.indexOf(0, 1);
  const octets = end === -1 ? field : field.subarray(0, end);
  const abstract = octets.length === 1 && octets[0] === 0;
  return { address: abstract ? '' : String.fromCharCode(...octets), port: 0 };
}

/** The values from `start` to the end; the checksum is verified if there is one. */
function checkedTlvs(header: Uint8Array, start: number): readonly ProxyTlv[] {
  const tlvs = tlvsOf(header, start);
  let at = start;
  for (const { type, value } of tlvs) {
    if (type === Checksum) {
      if (value.length !== 4)
        throw new ProxyHeaderError('The checksum of the PROXY header is not four octets.');
      if (crc32c(header, at + 3) !== uint32(value, 0)) {
        throw new ProxyHeaderError('The PROXY header does not have the checksum that it says.');
      }
    }
    at += 3 + value.length;
  }
  return tlvs;
}

function tlvsOf(octets: Uint8Array, start: number): ProxyTlv[] {
  const tlvs: ProxyTlv[] = [];
  for (let at = start; at < octets.length; ) {
    const end = at + 3 + (at + 3 <= octets.length ? uint16(octets, at + 1) : 0);
    if (end > octets.length)
      throw new ProxyHeaderError('A value in the PROXY header does not end within it.');
    tlvs.push({ type: octets[at] as number, value: octets.subarray(at + 3, end) });
    at = end;
  }
  return tlvs;
}

function valuesOf(tlvs: readonly ProxyTlv[]): Partial<ProxyHeader> {
  const uniqueId = onlyValue(tlvs, UniqueId);
  if (uniqueId !== undefined && uniqueId.length > longestUniqueId) {
    throw new ProxyHeaderError(`The unique id in the PROXY header is longer than ${longestUniqueId} octets.`);
  }
  const tls = onlyValue(tlvs, Tls);
  return {
    alpn: textOf(tlvs, Alpn),
    authority: textOf(tlvs, Authority),
    uniqueId,
    namespace: textOf(tlvs, Namespace),
    tls: tls === undefined ? undefined : tlsOf(tls),
  };
}

function tlsOf(value: Uint8Array): ProxyTls {
  if (value.length < tlsFixedLength)
    throw new ProxyHeaderError('The TLS part of the PROXY header is too short.');
  const bits = value[0] as number;
  const inside = tlvsOf(value, tlsFixedLength);
  const connection = (bits & CertificateInConnection) !== 0;
  const session = (bits & CertificateInSession) !== 0;
  return {
    secure: (bits & Secure) !== 0,
    certificate: { connection, session },
    // "Verified" is 0 also for a client that had nothing to verify.
    verified: (connection || session) && uint32(value, 1) === 0,
    version: textOf(inside, TlsVersion),
    commonName: textOf(inside, TlsCommonName),
    cipher: textOf(inside, TlsCipher),
    signature: textOf(inside, TlsSignature),
    key: textOf(inside, TlsKey),
  };
}

/** @throws {ProxyHeaderError} if it is there twice: two readers could choose differently */
function onlyValue(tlvs: readonly ProxyTlv[], type: number): Uint8Array | undefined {
  const found = tlvs.filter(tlv => tlv.type === type);
  if (found.length > 1)
    throw new ProxyHeaderError('The PROXY header has a value twice that it can have once.');
  return found[0]?.value;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function textOf(tlvs: readonly ProxyTlv[], type: number): string | undefined {
  const value = onlyValue(tlvs, type);
  if (value === undefined) return undefined;
  try {
    return utf8.decode(value);
  } catch {
    throw new ProxyHeaderError('A text in the PROXY header is not UTF-8.');
  }
}

function uint16(octets: Uint8Array, at: number): number {
  return ((octets[at] as number) << 8) | (octets[at + 1] as number);
}

function uint32(octets: Uint8Array, at: number): number {
  return ((uint16(octets, at) << 16) | uint16(octets, at + 2)) >>> 0;
}
