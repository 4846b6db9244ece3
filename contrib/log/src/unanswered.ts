// Requests that no application sees, from the channels of core. They tell of some requests that have reached an application
// too: a refusal takes the place of its answer. Those are claimed by the log around that application, so that each request is
// logged once, however many logs there are.

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Outcome, RefusedEvent, TimeoutEvent } from '@fapws/core';

/** Refusals that nobody has claimed yet. Core tells `fapws.after` in the same turn in which it refuses. */
let refusals: RefusedEvent[] = [];
/** The timeout of this turn. Core cuts a slow reader off as if it had left. */
let timeout: TimeoutEvent | null = null;
let settling = false;

const logs = new Set<() => void>();
const takers = new Set<(event: RefusedEvent) => void>();

function onRefused(message: unknown): void {
  refusals.push(message as RefusedEvent);
  settleLater();
}

function onTimeout(message: unknown): void {
  timeout = message as TimeoutEvent;
  settleLater();
}

/** Behind everything that belongs to the same turn. */
function settleLater(): void {
  if (settling) return;
  settling = true;
  queueMicrotask(settle);
}

function settle(): void {
  const unclaimed = refusals;
  settling = false;
  refusals = [];
  timeout = null;
  for (const event of unclaimed) for (const take of takers) take(event);
}

/**
 * Begins to look out for one log.
 * @param take is given what was refused and reached no log by its application; null if that is not wanted
 * @returns ends it
 */
export function lookOut(take: ((event: RefusedEvent) => void) | null): () => void {
  const end = (): void => {
    if (take !== null) takers.delete(take);
    if (!logs.delete(end) || logs.size > 0) return;
    unsubscribe('fapws:refused', onRefused);
    unsubscribe('fapws:timeout', onTimeout);
  };
  if (logs.size === 0) {
    subscribe('fapws:refused', onRefused);
    subscribe('fapws:timeout', onTimeout);
  }
  logs.add(end);
  if (take !== null) takers.add(take);
  return end;
}

/**
 * A request that has reached an application is over: what was told of it in this turn is not another request.
 * @param line its request line
 * @returns whether a timeout was told of it
 */
export function claim(line: string, { status }: Outcome): boolean {
  const refused = refusals.at(-1);
  if (refused?.status === status && isOf(refused, line)) refusals.pop();
  return timeout !== null && isOf(timeout, line);
}

function isOf({ method, target }: RefusedEvent | TimeoutEvent, line: string): boolean {
  return line.startsWith(`${method} ${target} `);
}
