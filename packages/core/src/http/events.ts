// What became of requests, for those who count or log it. What no application sees is told on channels of
// node:diagnostics_channel; without a subscriber nothing is built.

import { channel } from 'node:diagnostics_channel';
import type { Endpoint } from '../loop/types.ts';
import type { RequestError } from './errors.ts';
import type { Refusal } from './refusal.ts';
import type { Header } from './response-head.ts';

/** What every event says. */
export interface RequestEvent {
  /** The `Server` that it happened to; null for `call`. */
  readonly server: object | null;
  /** The client. */
  readonly remote: Endpoint;
  /** As far as the request could be read. */
  readonly method: string | undefined;
  /** The request target, as far as the request could be read. */
  readonly target: string | undefined;
}

/** `fapws:refused`: a request, or a connection, was refused before or in place of an application's answer. */
export interface RefusedEvent extends RequestEvent {
  /** Status code and reason; empty for a preface that was none, which gets no answer. */
  readonly status: string;
  /** Why, as the client was told. */
  readonly detail: string;
  /** Octets of content that are sent. */
  readonly octets: number;
}

/** `fapws:timeout`: somebody took too long. A connection that was merely idle is no event. */
export interface TimeoutEvent extends RequestEvent {
  /** The name of the bound, as in `timeouts`. */
  readonly timeout: 'head' | 'content' | 'write' | 'handler' | 'request';
}

/** `fapws:aborted`: the client left, or shut its side, before its request or its answer was complete. */
export interface AbortedEvent extends RequestEvent {
  /** Whether a part of the answer had been sent. */
  readonly started: boolean;
}

/** What became of an answer. */
export interface Outcome {
  /** Code and reason as they were sent, e.g. `200 OK`; empty when nothing was sent. */
  readonly status: string;
  /** The header lines of the application. */
  readonly headers: readonly Header[];
  /** Octets of content that were sent, without their framing. */
  readonly octets: number;
  /** Whether all of the answer was sent. */
  readonly complete: boolean;
  /** Why not, if it was not the application that failed: the client left, or a timeout has struck. */
  readonly error: RequestError | null;
}

const refused = channel('fapws:refused');
const timeout = channel('fapws:timeout');
const aborted = channel('fapws:aborted');

/** Whose request an event is about. */
interface Subject {
  readonly remote: Endpoint;
  readonly protocol: Pick<RequestEvent, 'server'>;
  /** Reads what is known of the request. */
  known(): Pick<RequestEvent, 'method' | 'target'>;
}

function eventOf(subject: Subject): RequestEvent {
  return { server: subject.protocol.server, remote: subject.remote, ...subject.known() };
}

/** @internal */
export function tellRefused(subject: Subject, { status, detail }: Refusal, octets: number): void {
  if (!refused.hasSubscribers) return;
  refused.publish({ ...eventOf(subject), status, detail, octets } satisfies RefusedEvent);
}

/** @internal */
export function tellTimeout(subject: Subject, name: TimeoutEvent['timeout']): void {
  if (!timeout.hasSubscribers) return;
  timeout.publish({ ...eventOf(subject), timeout: name } satisfies TimeoutEvent);
}

/** @internal */
export function tellAborted(subject: Subject, started: boolean): void {
  if (!aborted.hasSubscribers) return;
  aborted.publish({ ...eventOf(subject), started } satisfies AbortedEvent);
}
