// What @fapws/forwarded offers: who the client is, in the words of proxies that are trusted.

export { type ForwardedOptions, forwarded } from './forwarded.ts';
export type { ProxyHeader, ProxyTls, ProxyTlv } from './proxy-header.ts';
export { type ProxyProtocolOptions, proxyProtocol } from './proxy-protocol.ts';
export type { FieldName } from './telling.ts';
export type { Trust } from './trust.ts';
