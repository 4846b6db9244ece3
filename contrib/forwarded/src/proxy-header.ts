// What a PROXY header says, in either version, and what is wrong with one that says nothing.

import type { Endpoint } from '@fapws/core';

/** A type, length and value of version 2, as it was sent. */
export interface ProxyTlv {
  readonly type: number;
  readonly value: Uint8Array;
}

/** How the client's connection to the proxy is encrypted (version 2, PP2_TYPE_SSL). */
export interface ProxyTls {
  /** Whether it is: some proxies say so when it is not. */
  readonly secure: boolean;
  /** Whether the client has shown a certificate: on this connection, or in this TLS session. */
  readonly certificate: { readonly connection: boolean; readonly session: boolean };
  /** Whether a certificate was shown and found valid. */
  readonly verified: boolean;
  /** E.g. `TLSv1.3`. */
  readonly version: string | undefined;
  /** The Common Name of the client's certificate. */
  readonly commonName: string | undefined;
  /** E.g. `TLS_AES_256_GCM_SHA384`. */
  readonly cipher: string | undefined;
  /** The algorithm that signed the server's certificate, e.g. `SHA256`. */
  readonly signature: string | undefined;
  /** The algorithm of the server's key, e.g. `RSA2048`. */
  readonly key: string | undefined;
}

/** What {@link proxyProtocol} leaves in `environ['fapws.preface']`. */
export interface ProxyHeader {
  readonly version: 1 | 2;
  /** `LOCAL`: the proxy speaks for itself, to see whether this server is well. */
  readonly command: 'PROXY' | 'LOCAL';
  /** How the client reached the proxy; `UNSPEC` when it was not told. */
  readonly family: 'TCP4' | 'TCP6' | 'UDP4' | 'UDP6' | 'UNIX' | 'UNSPEC';
  /** The client. For a unix socket its path, if it has one. */
  readonly source: Endpoint | undefined;
  /** Where the client connected to. */
  readonly destination: Endpoint | undefined;
  /** The application protocol that TLS has agreed on, e.g. `http/1.1`. */
  readonly alpn: string | undefined;
  /** The host name that the client gave in TLS (SNI). */
  readonly authority: string | undefined;
  /** The proxy's name for the connection. */
  readonly uniqueId: Uint8Array | undefined;
  /** The network namespace. */
  readonly namespace: string | undefined;
  readonly tls: ProxyTls | undefined;
  /** All of them, also those that cloud providers have for themselves. */
  readonly tlvs: readonly ProxyTlv[];
}

/** A header and the octets that it takes. */
export interface ReadHeader {
  readonly length: number;
  readonly header: ProxyHeader;
}

/** Octets that are no PROXY header, or a wrong one. The connection ends with it. */
export class ProxyHeaderError extends Error {
  override readonly name: string = 'ProxyHeaderError';
}

/** A header that tells of nothing but itself. */
export const plainHeader: Omit<ProxyHeader, 'version' | 'command'> = Object.freeze({
  family: 'UNSPEC',
  source: undefined,
  destination: undefined,
  alpn: undefined,
  authority: undefined,
  uniqueId: undefined,
  namespace: undefined,
  tls: undefined,
  tlvs: Object.freeze([]),
});
