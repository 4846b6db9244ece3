// A session as the store has it: a text under a key from which the id can't be found.

import { createHash, randomBytes } from 'node:crypto';
import type { Values } from './values.ts';

export interface SessionRecord {
  /** Another one whenever values change: what was loaded is still what is stored if this is. */
  readonly revision: string;
  /** When it began, in milliseconds of the Unix epoch; for the absolute limit. */
  readonly created: number;
  /** When its use was last written down; for the idle limit. */
  readonly used: number;
  readonly values: Values;
}

/** What is left for a while under the key of a session that has got another id. */
export const movedText = '{"format":1,"moved":true}';

/** 192 bits: nobody guesses one, so ids need no signature. */
export function newId(): string {
  return randomBytes(24).toString('base64url');
}

/** What an id looks like. Anything else is not looked for. */
export function isId(text: string): boolean {
  return /^[A-Za-z0-9_-]{32}$/.test(text);
}

/**
 * The key of an id in the store: whoever reads the store can't make cookies of its keys, and how long a look-up takes says
 * nothing about ids.
 */
export function keyOf(id: string): string {
  return `session:${createHash('sha256').update(id).digest('base64url')}`;
}

export function newRevision(): string {
  return randomBytes(9).toString('base64url');
}

export function textOf({ revision, created, used, values }: SessionRecord): string {
  const data = [...values].map(([name, json]) => `${JSON.stringify(name)}:${json}`).join(',');
  return `{"format":1,"revision":${JSON.stringify(revision)},"created":${created},"used":${used},"data":{${data}}}`;
}

/** @returns null if there is no record, `'moved'` if the session has another id now; null too for what is not ours */
export function recordOf(text: unknown): SessionRecord | 'moved' | null {
  if (typeof text !== 'string') return null;
  if (text === movedText) return 'moved';
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    // Written by something else: to this middleware it is no session.
    return null;
  }
  const record = parsed as Record<string, unknown> | null;
  if (typeof record !== 'object' || record === null || record['format'] !== 1) return null;
  const { revision, created, used, data } = record;
  if (typeof revision !== 'string' || typeof created !== 'number' || typeof used !== 'number') return null;
  if (typeof data !== 'object' || data === null) return null;
  const values = new Map(Object.entries(data).map(([name, value]) => [name, JSON.stringify(value)]));
  return { revision, created, used, values };
}
