// What the middleware can be told, checked once.

import { checkOptions, milliseconds, oneOf, shown, wholeNumber } from './checks.ts';
import { SessionCookie, type SessionCookieOptions } from './cookie.ts';
import { MemoryStore } from './memory-store.ts';
import { GuardedStore, type SessionStore } from './store.ts';

/** What {@link sessions} can be told. */
export interface SessionsOptions {
  /** Where sessions are kept: a `Keyv`, or anything else with `get`, `set` and `delete`. @default new MemoryStore() */
  readonly store?: SessionStore | undefined;
  /** Seconds without use after which a session is over; Infinity for no such limit. @default 1800 */
  readonly idle?: number | undefined;
  /** Seconds after which a session is over, however much it is used. @default 43_200 */
  readonly absolute?: number | undefined;
  /**
   * Seconds between two times that the use of an unchanged session is written down. Up to that much earlier than `idle` says
   * it may be over.
   *
   * @default a tenth of `idle`, at most 60
   */
  readonly refresh?: number | undefined;
  /**
   * Names of the values that say who the client is. When one of them changes, as at a login, the session gets a new id by
   * itself and its absolute limit begins anew.
   *
   * @default ['user']
   */
  readonly identity?: readonly string[] | undefined;
  /**
   * What becomes of changes when another request has changed the session since it was loaded: `'merge'` keeps both where
   * they concern different values and throws SessionConflict where they concern the same one, `'error'` always throws.
   *
   * @default 'merge'
   */
  readonly conflicts?: 'merge' | 'error' | undefined;
  /** Characters of JSON that the data of a session may have. @default 65_536 */
  readonly maxCharacters?: number | undefined;
  /** Seconds that the store may take for an answer. @default 10 */
  readonly storeTimeout?: number | undefined;
  readonly cookie?: SessionCookieOptions | undefined;
}

/** The same, ready for use; times in milliseconds. */
export interface Settings {
  readonly store: GuardedStore;
  readonly idle: number;
  readonly absolute: number;
  readonly refresh: number;
  readonly identity: readonly string[];
  readonly conflicts: 'merge' | 'error';
  readonly maxCharacters: number;
  readonly cookie: SessionCookie;
}

export const optionNames: readonly (keyof SessionsOptions)[] = [
  'store',
  'idle',
  'absolute',
  'refresh',
  'identity',
  'conflicts',
  'maxCharacters',
  'storeTimeout',
  'cookie',
];

/** @throws {TypeError} {RangeError} for an option that can't be */
export function settingsOf(options: SessionsOptions): Settings {
  checkOptions('sessions', options, optionNames);
  const { idle = 1800, absolute = 43_200, identity = ['user'], cookie = {} } = options;
  const usualRefresh = idle === Infinity ? Infinity : Math.min(idle / 10, 60);
  const settings: Settings = {
    idle: milliseconds('sessions', 'idle', idle),
    absolute: milliseconds('sessions', 'absolute', absolute),
    refresh: milliseconds('sessions', 'refresh', options.refresh ?? usualRefresh),
    identity,
    conflicts: oneOf('sessions', 'conflicts', options.conflicts ?? 'merge', ['merge', 'error'] as const),
    maxCharacters: wholeNumber('sessions', 'maxCharacters', options.maxCharacters ?? 65_536),
    store: new GuardedStore(
      options.store ?? new MemoryStore(),
      milliseconds('sessions', 'storeTimeout', options.storeTimeout ?? 10),
    ),
    cookie: new SessionCookie(cookie),
  };
  if (absolute === Infinity) {
    throw new RangeError(
      'sessions: absolute is finite, or a stolen cookie would be good for ever. A year is 31_536_000.',
    );
  }
  if (settings.refresh >= settings.idle && idle !== Infinity) {
    throw new RangeError('sessions: refresh is less than idle, or sessions would end while they are used.');
  }
  if (!Array.isArray(identity) || identity.some(name => typeof name !== 'string')) {
    throw new RangeError(`sessions: identity is a list of names of values, not ${shown(identity)}.`);
  }
  return settings;
}
