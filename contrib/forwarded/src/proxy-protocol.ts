// The PROXY protocol as a preface of connections: whose word is taken, which version it is, and what core makes of it.

import type { Endpoint, Preface, PrefaceResult } from '@fapws/core';
import { checkOptionNames, shown } from './options.ts';
import { type ProxyHeader, ProxyHeaderError, type ReadHeader } from './proxy-header.ts';
import { readV1, signatureV1 } from './proxy-v1.ts';
import { readV2, signatureV2 } from './proxy-v2.ts';
import { type Trust, TrustList, unixClient } from './trust.ts';

/** What {@link proxyProtocol} can be told. */
export interface ProxyProtocolOptions {
  /** The proxies whose connections begin with a PROXY header. Those of all others are plain HTTP. There is no default. */
  readonly trust: Trust;
  /**
   * Whether a trusted peer without a header is cut off. With false it may speak HTTP at once; then never let such a peer be
   * a proxy that sends none: what its client sends first would be believed.
   *
   * @default true
   */
  readonly required?: boolean | undefined;
  /**
   * Ports of the front at which it ends TLS. A client that came to one of them came by `https`, even if the header does not
   * say so: version 1 never does, and AWS's load balancers don't.
   *
   * @default []
   */
  readonly tlsPorts?: readonly number[] | undefined;
}

const optionNames: readonly (keyof ProxyProtocolOptions)[] = ['trust', 'required', 'tlsPorts'];

/**
 * Reads the PROXY protocol, versions 1 and 2, at the beginning of connections:
 * `start(host, port, { preface: proxyProtocol({ trust: ['10.0.0.0/8'] }) })`. The client's address, where it connected to and
 * the scheme are then those of all requests on the connection; the header is in `environ['fapws.preface']`, a
 * {@link ProxyHeader}. What is no header closes the connection without an answer.
 *
 * @throws {RangeError} for an option that can't be
 */
export function proxyProtocol(options: ProxyProtocolOptions): Preface {
  checkOptionNames('proxyProtocol', options, optionNames);
  const { required = true, tlsPorts = [] } = options;
  if (typeof required !== 'boolean') {
    throw new RangeError(`proxyProtocol: required is true or false, not ${shown(required)}.`);
  }
  if (!Array.isArray(tlsPorts))
    throw new RangeError('proxyProtocol: tlsPorts is a list of ports, such as [443].');
  for (const port of tlsPorts as readonly unknown[]) {
    if (Number.isInteger(port) && (port as number) >= 1 && (port as number) <= 65_535) continue;
    throw new RangeError(`proxyProtocol: ${shown(port)} in tlsPorts is not a port from 1 to 65535.`);
  }
  const trust = new TrustList(options.trust, 'proxyProtocol');
  const encryptedPorts = new Set(tlsPorts);
  return {
    expectedFrom: peer => trust.hasPeer(peer.address),
    read(octets) {
      const read = readHeader(octets);
      if (read !== 'absent') return read === null ? null : resultOf(read, encryptedPorts);
      if (!required) return { length: 0 };
      throw new ProxyHeaderError('The connection of a trusted proxy does not begin with a PROXY header.');
    },
  };
}

function readHeader(octets: Uint8Array): ReadHeader | null | 'absent' {
  for (const [signature, readVersion] of versions) {
    if (beginsLike(octets, signature)) return readVersion(octets);
  }
  return 'absent';
}

const versions: readonly (readonly [string, (octets: Uint8Array) => ReadHeader | null])[] = [
  [signatureV1, readV1],
  [signatureV2, readV2],
];

/** Whether nothing contradicts the signature, as far as octets have come. */
function beginsLike(octets: Uint8Array, signature: string): boolean {
  const length = Math.min(octets.length, signature.length);
  for (let at = 0; at < length; at += 1) {
    if (octets[at] !== signature.charCodeAt(at)) return false;
  }
  return true;
}

function resultOf({ length, header }: ReadHeader, encryptedPorts: ReadonlySet<number>): PrefaceResult {
  const { source, destination, family, tls } = header;
  if (source === undefined || destination === undefined) return { length, details: header };
  const encrypted = tls?.secure === true || encryptedPorts.has(destination.port);
  const scheme = encrypted ? 'https' : undefined;
  // A client chooses the path of its own unix socket: as an address it is no more than that it has one.
  if (family === 'UNIX') return { length, remote: unixEnd, local: nowhere, scheme, details: header };
  return { length, remote: source, local: destination, scheme, details: header };
}

const unixEnd: Endpoint = { address: unixClient, port: 0 };

/** SERVER_NAME is then what the client asked for, as it is on a unix socket of this server. */
const nowhere: Endpoint = { address: '', port: 0 };
