// The data of a session as JSON, value by value: what is compared to see whether anything changed, and merged when two
// requests changed different things.

import { SessionError } from './errors.ts';

/** The values of a session by their names, each as JSON. */
export type Values = ReadonlyMap<string, string>;

/** Deeper is taken for a circle. */
const DEEPEST = 64;

/** @throws {SessionError} FAPWS_SESSION_VALUE for what would not come back as it was */
export function valuesOf(data: object): Values {
  const values = new Map<string, string>();
  for (const [name, value] of Object.entries(data)) {
    if (value === undefined) continue;
    check(value, name, 0);
    values.set(name, JSON.stringify(value));
  }
  return values;
}

export function areSame(one: Values, other: Values): boolean {
  if (one.size !== other.size) return false;
  for (const [name, json] of one) if (other.get(name) !== json) return false;
  return true;
}

/**
 * Makes `data` hold these values, but for those that were changed in it since it was `seen`. What it holds already stays the
 * same object.
 */
export function adopt(data: Record<string, unknown>, values: Values, seen: Values): void {
  const present = valuesOf(data);
  for (const name of new Set([...present.keys(), ...seen.keys(), ...values.keys()])) {
    const json = values.get(name);
    if (present.get(name) !== seen.get(name) || present.get(name) === json) continue;
    if (json === undefined) delete data[name];
    else data[name] = JSON.parse(json);
  }
}

/** Values as data of their own. */
export function dataOf(values: Values): Record<string, unknown> {
  // Without a prototype: `data.constructor` is nothing unless somebody has put it there.
  const data = Object.create(null) as Record<string, unknown>;
  for (const [name, json] of values) data[name] = JSON.parse(json);
  return data;
}

/**
 * What `mine` changed since `base`, done to `theirs`.
 * @returns the merged values, and the names of those that both sides changed, in different ways
 */
export function merge(base: Values, mine: Values, theirs: Values): { merged: Values; clashes: string[] } {
  const merged = new Map(theirs);
  const clashes: string[] = [];
  for (const name of new Set([...base.keys(), ...mine.keys()])) {
    const [before, now, other] = [base.get(name), mine.get(name), theirs.get(name)];
    if (now === before || now === other) continue;
    if (other !== before) clashes.push(name);
    else if (now === undefined) merged.delete(name);
    else merged.set(name, now);
  }
  return { merged, clashes };
}

function check(value: unknown, place: string, depth: number): void {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return;
  if (typeof value === 'number') {
    if (Number.isFinite(value)) return;
    throw unstorable(place, String(value));
  }
  if (typeof value !== 'object') throw unstorable(place, `a ${typeof value}`);
  if (depth === DEEPEST) throw unstorable(place, 'part of a circle, or nested too deep');
  if (Array.isArray(value)) {
    for (let at = 0; at < value.length; at += 1) check(value[at], `${place}[${at}]`, depth + 1);
    return;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    throw unstorable(place, `a ${(prototype as { constructor?: { name?: string } }).constructor?.name}`);
  }
  for (const [name, inner] of Object.entries(value)) {
    // JSON leaves such a property out, and reading it gives undefined again.
    if (inner !== undefined) check(inner, `${place}.${name}`, depth + 1);
  }
}

function unstorable(place: string, what: string): SessionError {
  return new SessionError(
    'FAPWS_SESSION_VALUE',
    `The session's ${place} is ${what}, which would not come back as it is. Sessions hold JSON: strings, finite numbers, ` +
      'booleans, null, arrays and plain objects of them.',
  );
}
