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
   * Counts a connection.
   * @param total open connections, this one included
   */
  enter(address: string, total: number): boolean {
    const counted = networkOf(address);
    const count = (this.#counts.get(counted) ?? 0) + 1;
    if (counted !== '') this.#counts.set(counted, count);
    return total - this.#refused <= this.#limits.connections && count <= this.#limits.connectionsPerAddress;
  }

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
  const groups = (address.split('::')[0] as string).split(':');
  return `${groups.slice(0, 4).join(':')}::/64`;
}
