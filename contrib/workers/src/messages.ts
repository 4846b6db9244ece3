// The words of the channel. What comes from a worker is looked at before it is believed: the primary must outlive anything that
// a worker does.

import type { Address } from '@fapws/core';

/** How long a stop may take, in milliseconds: core's StopOptions with nothing left open. */
export interface StopTimes {
  readonly graceMs: number;
  readonly lameDuckMs: number;
}

/** What a worker is told when it is started, in the variable {@link VARIABLE} of its environment. */
export interface Assignment {
  /** The process that has started it. */
  readonly primary: number;
  readonly id: number;
  /** How many listening sockets it inherits. */
  readonly sockets: number;
  /** Milliseconds between signs of life. */
  readonly beatMs: number;
  /** Requests after which it is replaced, 0 for never. */
  readonly maxRequests: number;
  /** How it stops when nobody is left to say so. */
  readonly stop: StopTimes;
}

export const VARIABLE = 'FAPWS_WORKER';

/** What the primary says. */
export interface Order {
  readonly stop?: StopTimes;
  /** To be told to the program's listeners. */
  readonly signals?: readonly NodeJS.Signals[];
}

/** How a worker is, as it says itself. */
export interface Vitals {
  /** Resident memory, octets. */
  readonly rss: number;
  /** How late its last sign of life was: the event loop was busy that long. Milliseconds. */
  readonly lag: number;
  /** The part of the time in which the event loop was busy, from 0 to 1. */
  readonly busy: number;
  /** Requests so far, where they are counted: with `maxRequests`. */
  readonly requests: number;
}

/** What a worker says: one of these at a time. */
export interface Report {
  /** It listens, at these addresses. */
  readonly ready?: readonly Address[];
  readonly vitals?: Vitals;
  /** It has begun to stop. */
  readonly stopping?: true;
  /** It can't begin: what its user has to know of it. */
  readonly failed?: string;
}

const quantities: readonly (keyof Vitals)[] = ['rss', 'lag', 'busy', 'requests'];

/** @returns an empty report for what no worker says */
export function reportOf(message: unknown): Report {
  if (!isRecord(message)) return {};
  const { ready, vitals, stopping, failed } = message;
  if (Array.isArray(ready)) return { ready: ready.filter(isAddress) };
  if (isRecord(vitals) && quantities.every(name => Number.isFinite(vitals[name]))) {
    return { vitals: vitals as unknown as Vitals };
  }
  if (stopping === true) return { stopping };
  if (typeof failed === 'string') return { failed };
  return {};
}

function isAddress(value: unknown): value is Address {
  if (!isRecord(value)) return false;
  const { host, port, path, fd } = value;
  return (
    (typeof host === 'string' && Number.isInteger(port)) || typeof path === 'string' || Number.isInteger(fd)
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
