// What the environment says about this process: where it listens, who stands before it, how long a stop may take. A
// mistake there is an error at the start, in one sentence, and never a server that runs with something else.

import { type Address, defaultTimeouts } from '@fapws/core';

/** Who tells the client's address: nobody, header fields of a proxy, or the PROXY protocol. */
export type Front = 'none' | 'x-forwarded' | 'proxy-protocol';

export interface Settings {
  /** Empty if LISTEN does not say. */
  readonly addresses: readonly Address[];
  readonly front: Front;
  /** Who may tell it, as @fapws/forwarded takes it. */
  readonly trust: readonly string[];
  /** A name for this process among its like. */
  readonly instance: string;
  readonly idleSeconds: number;
  readonly lameDuckMs: number;
  readonly graceMs: number;
}

export const defaultAddress: Address = { host: '127.0.0.1', port: 8080 };

/** A variable has a value that can't be used; the message says which and what would be right. */
export class SettingsError extends Error {
  override name = 'SettingsError';
}

/** @throws {SettingsError} */
export function settingsFrom(environment: NodeJS.ProcessEnv): Settings {
  const front = frontOf(environment['FRONT'] || 'none');
  const trust = list(environment['TRUST']);
  if (front !== 'none' && trust.length === 0) {
    throw new SettingsError(
      `FRONT=${front} needs TRUST: the addresses of the proxies, as in TRUST=10.0.0.7, TRUST=10.0.0.0/8 or TRUST=unix.`,
    );
  }
  return {
    addresses: list(environment['LISTEN']).map(addressOf),
    front,
    trust,
    instance: environment['INSTANCE'] || String(process.pid),
    idleSeconds: numberOf(environment, 'IDLE_SECONDS', defaultTimeouts.idle),
    lameDuckMs: numberOf(environment, 'LAME_DUCK_MS', 5000),
    graceMs: numberOf(environment, 'GRACE_MS', 20_000),
  };
}

function list(value = ''): string[] {
  return value.split(/[\s,]+/).filter(entry => entry !== '');
}

function frontOf(value: string): Front {
  if (value === 'none' || value === 'x-forwarded' || value === 'proxy-protocol') return value;
  throw new SettingsError(`FRONT=${value} is unknown. There are: none, x-forwarded, proxy-protocol.`);
}

/** `8081`, `0.0.0.0:8080`, `[::]:8080` or `unix:/run/app/app.sock`. */
function addressOf(text: string): Address {
  // The proxy in front runs as another user, of the same group: see the guide.
  if (text.startsWith('unix:')) return { path: text.slice('unix:'.length), mode: 0o660 };
  const [, bracketed, plain, port = text] = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(text) ?? [];
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) {
    throw new SettingsError(
      `LISTEN=${text} is no address. Examples: 8081 (on 127.0.0.1), 0.0.0.0:8080, [::]:8080, unix:/run/app/app.sock.`,
    );
  }
  return { host: bracketed ?? plain ?? '127.0.0.1', port: Number(port) };
}

function numberOf(environment: NodeJS.ProcessEnv, name: string, otherwise: number): number {
  const text = environment[name] || String(otherwise);
  if (!/^\d{1,9}$/.test(text)) throw new SettingsError(`${name}=${text} is no whole number.`);
  return Number(text);
}
