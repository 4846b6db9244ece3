// IP addresses as numbers, so that they can be compared with ranges, and back as the one text that each of them has. It
// must not know what an address is trusted with.

/** An IPv4 or IPv6 address: 128 bits in four words, an IPv4 one as `::ffff:a.b.c.d` (RFC 4291 2.5.5.2). */
export interface IpAddress {
  readonly words: readonly [number, number, number, number];
  /** The canonical text (RFC 5952), `192.0.2.1` for an IPv4-mapped IPv6 address: one client has one text. */
  readonly text: string;
}

const ZERO = 0x30;
const DOT = 0x2e;

/** The third word of an IPv4-mapped address. */
const MAPPED = 0xffff;

/**
 * Reads an address without port, brackets or zone.
 * @returns null for anything else: names, `010.0.0.1` (which some programs take for octal), `1.2.3`, `fe80::1%eth0`
 */
export function parseAddress(text: string): IpAddress | null {
  if (text.length > 45) return null;
  if (!text.includes(':')) {
    const ipv4 = parseIpv4(text);
    return ipv4 === -1 ? null : { words: [0, 0, MAPPED, ipv4], text };
  }
  const groups = parseIpv6(text);
  return groups === null ? null : addressOf(groups);
}

/** The address of four octets. */
export function ipv4Of(octets: Uint8Array): IpAddress {
  const [a, b, c, d] = octets as unknown as [number, number, number, number];
  return { words: [0, 0, MAPPED, ((a << 24) | (b << 16) | (c << 8) | d) >>> 0], text: `${a}.${b}.${c}.${d}` };
}

/** The address of sixteen octets. */
export function ipv6Of(octets: Uint8Array): IpAddress {
  const groups: number[] = [];
  for (let at = 0; at < 16; at += 2) groups.push(((octets[at] as number) << 8) | (octets[at + 1] as number));
  return addressOf(groups);
}

export function isIpv4({ words }: IpAddress): boolean {
  return words[0] === 0 && words[1] === 0 && words[2] === MAPPED;
}

/** HOT. Four decimal numbers without leading zeros, as one number; -1 for anything else. */
function parseIpv4(text: string): number {
  const { length } = text;
  if (length < 7 || length > 15) return -1;
  let address = 0;
  let parts = 0;
  let part = 0;
  let digits = 0;
  for (let at = 0; at <= length; at += 1) {
    const code = at === length ? DOT : text.charCodeAt(at);
    if (code === DOT) {
      if (digits === 0 || part > 255) return -1;
      address = address * 256 + part;
      parts += 1;
      part = 0;
      digits = 0;
      continue;
    }
    const digit = code - ZERO;
    // A second digit after a zero would be octal to inet_aton and decimal to others.
    if (digit < 0 || digit > 9 || digits === 3 || (digits === 1 && part === 0)) return -1;
    part = part * 10 + digit;
    digits += 1;
  }
  return parts === 4 ? address : -1;
}

/** Eight groups of up to four hexadecimal digits, `::` once for one or more that are zero, the last two perhaps as IPv4. */
function parseIpv6(text: string): number[] | null {
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const [front = '', back] = halves;
  const first = groupsOf(front, back === undefined);
  if (first === null || back === undefined) return first?.length === 8 ? first : null;
  const last = groupsOf(back, true);
  if (last === null || first.length + last.length > 7) return null;
  return [...first, ...new Array<number>(8 - first.length - last.length).fill(0), ...last];
}

/** @param mayEndInIpv4 whether nothing follows */
function groupsOf(half: string, mayEndInIpv4: boolean): number[] | null {
  const groups: number[] = [];
  if (half === '') return groups;
  const parts = half.split(':');
  for (const [at, part] of parts.entries()) {
    if (mayEndInIpv4 && at === parts.length - 1 && part.includes('.')) {
      const ipv4 = parseIpv4(part);
      if (ipv4 === -1) return null;
      groups.push(Math.floor(ipv4 / 65_536), ipv4 % 65_536);
    } else {
      if (!/^[0-9a-f]{1,4}$/i.test(part)) return null;
      groups.push(Number.parseInt(part, 16));
    }
  }
  return groups;
}

function addressOf(groups: readonly number[]): IpAddress {
  const word = (at: number): number => (((groups[at] as number) << 16) | (groups[at + 1] as number)) >>> 0;
  const words = [word(0), word(2), word(4), word(6)] as const;
  if (words[0] === 0 && words[1] === 0 && words[2] === MAPPED) {
    const last = words[3];
    return { words, text: `${last >>> 24}.${(last >>> 16) & 255}.${(last >>> 8) & 255}.${last & 255}` };
  }
  return { words, text: textOf(groups) };
}

/** RFC 5952: lower case, no leading zeros, `::` for the first of the longest runs of two or more zeros. */
function textOf(groups: readonly number[]): string {
  let runStart = -1;
  let runLength = 1;
  for (let at = 0; at < 8; at += 1) {
    let end = at;
    while (end < 8 && groups[end] === 0) end += 1;
    if (end - at > runLength) {
      runStart = at;
      runLength = end - at;
    }
    if (end > at) at = end;
  }
  const hexadecimal = groups.map(group => group.toString(16));
  if (runStart === -1) return hexadecimal.join(':');
  return `${hexadecimal.slice(0, runStart).join(':')}::${hexadecimal.slice(runStart + runLength).join(':')}`;
}
