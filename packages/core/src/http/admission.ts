// Who may connect: how many connections there are, in total and of one address.

import type { Limits } from './limits.ts';

/** Connections above the limit that are told so; still more are closed without a word, since each costs memory until it has left. */
const MOST_REFUSED = 256;

export class Admission {
  readonly #limits: Limits;
  /** Open connections by address or network. */
  readonly #counts = new Map<string, number>();
  #refused = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /**
   * Counts a connection, unless it is one too many.
   * @param total open connections, this one included
   * @returns whether it may be served
   */
  enter(address: string, total: number): boolean {
    const counted = networkOf(address);
    const count = (this.#counts.get(counted) ?? 0) + 1;
    const { connections, connectionsPerAddress } = this.#limits;
    if (total - this.#refused > connections || count > connectionsPerAddress) return false;
    if (counted !== '') this.#counts.set(counted, count);
    return true;
  }

  /** A connection that was counted is gone, or another client's. */
  leave(address: string): void {
    const counted = networkOf(address);
    const count = this.#counts.get(counted) ?? 0;
    if (count > 1) this.#counts.set(counted, count - 1);
    else this.#counts.delete(counted);
  }

  /** Counts a connection that is refused. @returns whether it may be told */
  refuse(): boolean {
    this.#refused += 1;
    return this.#refused <= MOST_REFUSED;
  }

  /** A connection that was refused is gone. */
  forgetRefused(): void {
    this.#refused -= 1;
  }
}

/** An IPv6 client has a whole /64 network of addresses. A unix socket has none: it is not counted. */
function networkOf(address: string): string {
  if (!address.includes(':')) return address;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  if (mapped !== null) return mapped[1] as string;
  // One network has many spellings, and the client chooses among them: `1:2:3::8` and `1:2:3:0:5::` are of the same.
  const [front = '', back = ''] = address.split('::');
  const [first, last] = [groupsOf(front), groupsOf(back)];
  while (first.length + last.length < 8) first.push(0);
  return `${[...first, ...last]
    .slice(0, 4)
    .map(group => group.toString(16))
    .join(':')}::/64`;
}

function groupsOf(text: string): number[] {
  // An IPv4 address at the end has the place of two groups, and none in the network.
  const groups = text === '' ? [] : text.replace(/[\d.]*\.[\d.]*$/, '0:0').split(':');
  return groups.map(group => Number.parseInt(group, 16));
}
