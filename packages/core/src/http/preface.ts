// What may come before the first request of a connection: a front end's word on whom it speaks for, such as the PROXY protocol.
// The connection sees to bounds and time; what the octets mean is known to whoever is plugged in.

import { Buffer } from 'node:buffer';
import type { Endpoint } from '../loop/types.ts';
import type { Connection } from './connection.ts';
import { tellRefused } from './events.ts';
import { Refusal } from './refusal.ts';
import * as states from './states.ts';

/** What a preface says. */
export interface PrefaceResult {
  /** Octets that it has; what follows is HTTP. */
  readonly length: number;
  /** The client that the peer speaks for: REMOTE_ADDR and REMOTE_PORT. Without it the peer speaks for itself. */
  readonly remote?: Endpoint | undefined;
  /** Where that client connected to: SERVER_NAME and SERVER_PORT. */
  readonly local?: Endpoint | undefined;
  /** `wsgi.url_scheme`. @default 'http' */
  readonly scheme?: 'http' | 'https' | undefined;
  /** Anything else, for `environ['fapws.preface']`. */
  readonly details?: unknown;
}

/** Reads what comes before the first request; `@fapws/forwarded` has one for the PROXY protocol. */
export interface Preface {
  /** Whether a connection of this peer begins with a preface. One that does not come is then an error. */
  expectedFrom(peer: Endpoint, local: Endpoint): boolean;
  /**
   * @param octets all that has arrived so far, valid only during the call
   * @returns null when more is needed
   * @throws for what is no preface: the connection is closed without an answer, since nobody knows who is there
   */
  read(octets: Uint8Array): PrefaceResult | null;
}

/** @internal A connection begins: its peer may have to say first whom it speaks for. */
export function expectPreface(connection: Connection, preface: Preface): void {
  try {
    if (preface.expectedFrom(connection.remote, connection.transport.local))
      connection.enter(states.PrefaceExpected);
  } catch (error) {
    refusePreface(connection, error);
  }
}

/** @internal Octets have come before the first request. */
export function takePreface(connection: Connection, arrived: Uint8Array): void {
  const { intake, protocol } = connection;
  const before = intake.take();
  const octets = before === null ? arrived : Buffer.concat([before, arrived]);
  let result: PrefaceResult | null;
  try {
    result = read(protocol.preface as Preface, octets, protocol.limits.preface);
  } catch (error) {
    refusePreface(connection, error);
    return;
  }
  if (result === null) {
    intake.keep(octets);
    return;
  }
  connection.preface = result;
  connection.enter(states.PrefaceComplete);
  if (result.remote !== undefined) connection.speakFor(result.remote);
  if (connection.isOver || result.length >= octets.length) return;
  intake.keep(octets.subarray(result.length));
  intake.look();
}

/**
 * What has arrived so far, read by somebody else's code and checked.
 * @param limit octets that a preface may have
 * @throws whatever `read` throws, or an Error
 */
function read(preface: Preface, octets: Uint8Array, limit: number): PrefaceResult | null {
  const result = preface.read(octets) ?? null;
  // However the network has cut it.
  if ((result?.length ?? octets.length) > limit) throw new Error('it is too long');
  if (result === null) return null;
  const { length, remote } = result;
  // Octets that are taken for the wrong side of the border would be somebody else's request.
  const fits = Number.isInteger(length) && length >= 0 && length <= octets.length;
  if (fits && typeof (remote?.address ?? '') === 'string') return result;
  throw new Error('its reader gives no preface');
}

function refusePreface(connection: Connection, error: unknown): void {
  tellRefused(connection, new Refusal('', problemOf(error)), 0);
  connection.closeNow();
}

/** Why a preface is refused. Never throws: what was thrown may be anything. */
function problemOf(error: unknown): string {
  try {
    return `The preface is invalid: ${error instanceof Error ? error.message : String(error)}`;
  } catch {
    return 'The preface is invalid.';
  }
}
