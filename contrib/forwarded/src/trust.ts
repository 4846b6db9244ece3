// Whom to believe: a list of address ranges and names, checked when it is made, asked for each request or connection.

import { type IpAddress, isIpv4, parseAddress } from './address.ts';
import { shown } from './options.ts';

/**
 * Peers that are believed. Each entry is an address (`192.0.2.7`), a range (`10.0.0.0/8`, `2001:db8::/32`) or one of
 * `loopback` (127.0.0.0/8, ::1), `linklocal` (169.254.0.0/16, fe80::/10), `private` (10.0.0.0/8, 172.16.0.0/12,
 * 192.168.0.0/16, fc00::/7) and `unix` (whoever may open the unix socket that the server listens on).
 */
export type Trust = readonly string[];

const names: Readonly<Record<string, readonly string[]>> = {
  loopback: ['127.0.0.0/8', '::1/128'],
  linklocal: ['169.254.0.0/16', 'fe80::/10'],
  private: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'],
};

/** How nginx writes a client on a unix socket, which has no address; so does PROXY, as this package reads it. */
export const unixClient = 'unix:';

/** Peers are few: this many answers are remembered. */
const rememberedPeers = 1024;

interface Range {
  readonly address: IpAddress;
  readonly prefix: number;
}

export class TrustList {
  readonly #ranges: readonly Range[];
  readonly #unix: boolean;
  readonly #remembered = new Map<string, boolean>();
  /** Whether a range holds all addresses there are of its kind. */
  readonly everyone: boolean;

  /**
   * @param trust see {@link Trust}
   * @param whose the function it was given to, for messages
   * @throws {RangeError} for an empty list or an entry that is none
   */
  constructor(trust: Trust, whose: string) {
    if (!Array.isArray(trust) || trust.length === 0) {
      throw new RangeError(
        `${whose} needs trust: a list of the proxies to believe, such as ['loopback', '10.0.0.0/8']. ` +
          'Nobody is trusted unless you say so.',
      );
    }
    this.#unix = trust.includes('unix');
    this.#ranges = trust
      .filter(entry => entry !== 'unix')
      .flatMap(entry => (Object.hasOwn(names, entry) ? (names[entry] as string[]) : [entry]))
      .map(entry => rangeOf(entry, whose));
    this.everyone = this.#ranges.some(({ address, prefix }) => prefix === (isIpv4(address) ? 96 : 0));
  }

  /** HOT. Whether the peer of a connection is trusted. @param peer its address; empty for a unix socket */
  hasPeer(peer: string): boolean {
    const remembered = this.#remembered.get(peer);
    if (remembered !== undefined) return remembered;
    // The zone of a link-local peer is the system's word, not the peer's.
    const zone = peer.indexOf('%');
    const address = parseAddress(zone === -1 ? peer : peer.slice(0, zone));
    const trusted = address === null ? this.#unix && isUnix(peer) : this.has(address);
    // Whoever has many addresses fills it again and again; it stays small, and still right.
    if (this.#remembered.size >= rememberedPeers) this.#remembered.clear();
    this.#remembered.set(peer, trusted);
    return trusted;
  }

  /** HOT. */
  has(address: IpAddress): boolean {
    for (const range of this.#ranges) {
      if (contains(range, address)) return true;
    }
    return false;
  }

  get hasUnix(): boolean {
    return this.#unix;
  }
}

/** A peer on a unix socket has no address, or that of a socket of its own: a path, or an abstract name (after NUL). */
function isUnix(peer: string): boolean {
  return peer === '' || peer === unixClient || peer.startsWith('/') || peer.startsWith('\0');
}

/** `::/0` is all of IPv6 and nothing of IPv4: IPv4 addresses are in ranges of IPv4 only, in whichever way both are written. */
function contains({ address: base, prefix }: Range, address: IpAddress): boolean {
  if (isIpv4(base) !== isIpv4(address)) return false;
  for (let at = 0, bits = prefix; bits > 0; at += 1, bits -= 32) {
    const difference = ((base.words[at] as number) ^ (address.words[at] as number)) >>> 0;
    if (bits >= 32 ? difference !== 0 : difference >>> (32 - bits) !== 0) return false;
  }
  return true;
}

function rangeOf(entry: unknown, whose: string): Range {
  const complain = (problem: string): never => {
    throw new RangeError(
      `${whose}: ${shown(entry)} in trust ${problem} Use an address (192.0.2.7), a range (10.0.0.0/8, 2001:db8::/32), ` +
        'loopback, linklocal, private or unix.',
    );
  };
  if (typeof entry !== 'string') return complain('is not a string.');
  const slash = entry.indexOf('/');
  const text = slash === -1 ? entry : entry.slice(0, slash);
  const address = parseAddress(text);
  if (address === null) return complain('is not an address.');
  // Written as IPv6, an IPv4 address has an IPv6 prefix.
  const offset = text.includes(':') ? 0 : 96;
  if (slash === -1) return { address, prefix: 128 };
  const digits = entry.slice(slash + 1);
  const prefix = Number(digits) + offset;
  if (!/^(0|[1-9]\d{0,2})$/.test(digits) || prefix > 128) {
    return complain(`has no prefix length from 0 to ${128 - offset} after the slash.`);
  }
  if (isIpv4(address) && prefix < 96) return complain('is a mix of IPv4 and IPv6: write two ranges.');
  for (let at = 0; at < 4; at += 1) {
    const bits = Math.min(Math.max(prefix - at * 32, 0), 32);
    if (bits < 32 && ((address.words[at] as number) << bits) >>> 0 !== 0) {
      return complain(`has bits set behind its first ${Number(digits)}: it may not mean what it seems to.`);
    }
  }
  return { address, prefix };
}
