// What a line of the log is about: a request whose answer is over, or one that was refused before any application saw it.

import type { Environ, Header, Outcome, RefusedEvent } from '@fapws/core';

/** How an answer ended. */
export type Ending = 'complete' | 'aborted' | 'timeout' | 'failed' | 'refused';

/** All that atoms can be computed from. */
export interface Entry {
  readonly environ: Environ;
  /** When the request had arrived, in milliseconds since 1970. */
  readonly began: number;
  /** Until the answer was over, in milliseconds. */
  readonly duration: number;
  /** Three digits; empty when nothing was answered. */
  readonly status: string;
  /** Octets of content that were sent. */
  readonly octets: number;
  /** Header lines of the answer, as far as the application made them. */
  readonly headers: readonly Header[];
  readonly ending: Ending;
}

/** HOT. @param timeout whether a timeout of the connection is what has ended it */
export function answeredEntry(
  environ: Environ,
  began: number,
  duration: number,
  outcome: Outcome,
  timeout: boolean,
): Entry {
  const ending = outcome.complete ? 'complete' : timeout ? 'timeout' : endingOf(outcome);
  return {
    environ,
    began,
    duration,
    // Nothing was sent to a client that had left: nginx's number for it, which tools know.
    status: outcome.status === '' && ending === 'aborted' ? '499' : outcome.status.slice(0, 3),
    octets: outcome.octets,
    headers: outcome.headers,
    ending,
  };
}

function endingOf({ error }: Outcome): Ending {
  switch (error?.code) {
    case undefined:
      return 'failed';
    case 'FAPWS_CLIENT_GONE':
      return 'aborted';
    case 'FAPWS_CONTENT_TIMEOUT':
    case 'FAPWS_HANDLER_TIMEOUT':
    case 'FAPWS_REQUEST_TIMEOUT':
      return 'timeout';
    default:
      return 'refused';
  }
}

/** @param now milliseconds since 1970 */
export function refusedEntry({ remote, method, target, status, octets }: RefusedEvent, now: number): Entry {
  // As much of an environ as there is: nobody has read the rest.
  const environ: Record<string, unknown> = {
    REMOTE_ADDR: remote.address,
    REMOTE_PORT: remote.port === 0 ? '' : String(remote.port),
    REQUEST_METHOD: method,
    REQUEST_URI: target,
  };
  return {
    environ: environ as unknown as Environ,
    began: now,
    duration: 0,
    status: status.slice(0, 3),
    octets,
    headers: [],
    ending: status.startsWith('408') ? 'timeout' : 'refused',
  };
}
