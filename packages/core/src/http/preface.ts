// What may come before the first request of a connection: a front end's word on whom it speaks for, such as the PROXY protocol.
// The connection sees to bounds and time; what the octets mean is known to whoever is plugged in.

import type { Endpoint } from '../loop/types.ts';

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

/**
 * What has arrived so far, read by somebody else's code and checked.
 * @param limit octets that a preface may have
 * @throws whatever `read` throws, or an Error
 * @internal
 */
export function readPreface(preface: Preface, octets: Uint8Array, limit: number): PrefaceResult | null {
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

/** @internal Why a preface is refused. Never throws: what was thrown may be anything. */
export function prefaceProblem(error: unknown): string {
  try {
    return `The preface is invalid: ${error instanceof Error ? error.message : String(error)}`;
  } catch {
    return 'The preface is invalid.';
  }
}
