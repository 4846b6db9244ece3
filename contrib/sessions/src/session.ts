// The session of one request: loaded when it is asked for, written when it has changed.

import type { Environ } from '@fapws/core';
import { SessionConflict, SessionError } from './errors.ts';
import { inTurn } from './lock.ts';
import type { Settings } from './options.ts';
import { keyOf, movedText, newId, newRevision, recordOf, type SessionRecord, textOf } from './record.ts';
import { adopt, areSame, dataOf, merge, type Values, valuesOf } from './values.ts';

/** What an application has in its hands. `Data` says which values there may be. */
export interface Session<Data extends object = Record<string, unknown>> {
  /**
   * The data of the session: an object to read and to change, the same one each time, empty for a new client. The store is
   * asked at the first call; without one the session costs nothing. Changes are stored when the application has answered
   * without an error.
   */
  load(): Promise<Partial<Data>>;
  /**
   * Changes values that depend on what they were, so that nothing is lost to other requests: `change` gets the data as it is
   * stored now, and is called again if another process comes between. It must not wait for anything. Stored at once.
   *
   * @returns what `change` returned
   */
  update<T>(change: (data: Partial<Data>) => T): Promise<T>;
  /**
   * Stores changes at once, for instance before a `write`. Does nothing when nothing has changed.
   * @throws {SessionConflict} if another request has changed the same
   */
  save(): Promise<void>;
  /**
   * Gives the session a new id when it is stored; the old one is no good any more. When one of the values that
   * `identity` names changes, that happens by itself.
   */
  rotate(): void;
  /** Ends the session and empties the data, as at a logout. What is put into it afterwards begins a new one. */
  destroy(): void;
}

/** Milliseconds during which a request that was sent with the old id may still come in. */
const MOVED_FOR = 10_000;
/** Other processes that may come between a look and a write, one after the other. */
const ATTEMPTS = 20;

const late =
  'A session that is new, or gets a new id, needs a cookie, and the head of this answer is out. Change the session ' +
  'before the first content, and call `await session.save()` before the first write().';

const noValues: Values = new Map();

type Change = (data: Partial<Record<string, unknown>>) => unknown;

export class RequestSession implements Session {
  readonly #settings: Settings;
  readonly #environ: Environ;
  /** Whether it is too late for a cookie. */
  readonly #isHeadOut: () => boolean;
  #loading: Promise<Record<string, unknown>> | null = null;
  #data: Record<string, unknown> | null = null;
  /** The id under which it is stored; null for a session that is not. */
  #id: string | null = null;
  /** What was stored when it was loaded, or last saved. */
  #base: SessionRecord | null = null;
  #isMoved = false;
  #toRotate = false;
  #toDestroy = false;
  /** The Set-Cookie line that is due. */
  cookie: string | null = null;
  /** The last of the calls that store something: they wait for each other. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(settings: Settings, environ: Environ, isHeadOut: () => boolean) {
    this.#settings = settings;
    this.#environ = environ;
    this.#isHeadOut = isHeadOut;
  }

  /** Whether the application has done anything with it: then the answer depends on the cookie. */
  get touched(): boolean {
    return this.#loading !== null || this.#toRotate || this.#toDestroy;
  }

  /** Whether there are changes that can't be stored once the head is out. */
  get needsCookie(): boolean {
    if (this.#data === null) return this.#toRotate;
    const values = valuesOf(this.#data);
    if (this.#base === null || this.#toDestroy) return values.size !== 0;
    return this.#toRotate || this.#isIdentityChanged(this.#base.values, values);
  }

  load(): Promise<Record<string, unknown>> {
    this.#loading ??= this.#load();
    return this.#loading;
  }

  save(): Promise<void> {
    return this.#afterLast(() => this.#store(null)) as Promise<void>;
  }

  update<T>(change: (data: Partial<Record<string, unknown>>) => T): Promise<T> {
    // From now on it is touched, also if nobody waits for the rest. What fails here fails there again.
    this.load().catch(() => {});
    return this.#afterLast(() => this.#store(change)) as Promise<T>;
  }

  rotate(): void {
    this.#toRotate = true;
  }

  destroy(): void {
    this.#toDestroy = true;
    this.#toRotate = false;
    if (this.#data === null) {
      // Nobody needs to know what is thrown away. A load under way is for an answer that is no longer wanted.
      this.#data = dataOf(noValues);
      this.#loading = Promise.resolve(this.#data);
    } else for (const name of Object.keys(this.#data)) delete this.#data[name];
  }

  async #load(): Promise<Record<string, unknown>> {
    const { cookie, store } = this.#settings;
    const ids = cookie.idsIn(this.#environ.HTTP_COOKIE);
    const found = await Promise.all(
      ids.map(async id => ({ id, record: recordOf(await store.get(keyOf(id))) })),
    );
    // destroy() was called meanwhile.
    if (this.#data !== null) return this.#data;
    const alive = found.flatMap(({ id, record }) =>
      record !== null && record !== 'moved' && this.#expiresIn(record) > 0 ? [{ id, record }] : [],
    );
    this.#isMoved = found.some(({ record }) => record === 'moved');
    const [only] = alive;
    if (alive.length > 1) {
      // One of them may have been planted, and which one came first is up to whoever planted it.
      this.#environ['wsgi.errors'].write(
        `fapws: sessions: a request has ${alive.length} cookies called ${cookie.name} with different sessions; none is believed\n`,
      );
    } else if (only !== undefined) {
      this.#id = only.id;
      this.#base = only.record;
    }
    this.#data = dataOf(this.#base?.values ?? noValues);
    return this.#data;
  }

  /** Calls that store come one after the other, also when the application does not wait for them. */
  #afterLast<T>(task: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(task, task);
    this.#last = mine;
    // Whoever called has the error; the next in line need not.
    mine.catch(() => {});
    return mine;
  }

  async #store(change: Change | null): Promise<unknown> {
    if (!this.touched && change === null) return undefined;
    await this.load();
    if (this.#toDestroy) await this.#end();
    return this.#base === null ? this.#create(change) : this.#replace(this.#base, change);
  }

  async #end(): Promise<void> {
    const { cookie, store } = this.#settings;
    const ids = new Set(cookie.idsIn(this.#environ.HTTP_COOKIE));
    if (this.#id !== null) ids.add(this.#id);
    await Promise.all([...ids].map(id => inTurn(store.store, keyOf(id), () => store.delete(keyOf(id)))));
    this.#toDestroy = false;
    this.#isMoved = false;
    this.#id = null;
    this.#base = null;
    // Without the line the browser goes on sending an id that is good for nothing.
    this.cookie = ids.size === 0 ? null : cookie.deletion(this.#environ['wsgi.url_scheme']);
  }

  async #create(change: Change | null): Promise<unknown> {
    const data = this.#data as Record<string, unknown>;
    const mine = this.#checked(valuesOf(data));
    const { result, values } = changed(mine, change);
    this.#toRotate = false;
    if (values.size !== 0) {
      if (this.#isMoved) throw ended();
      const now = Date.now();
      await this.#issue({ revision: newRevision(), created: now, used: now, values: this.#checked(values) });
    }
    adopt(data, values, mine);
    return result;
  }

  async #replace(base: SessionRecord, change: Change | null): Promise<unknown> {
    const data = this.#data as Record<string, unknown>;
    const mine = this.#checked(valuesOf(data));
    const isUnchanged = areSame(mine, base.values);
    const isIdle = isUnchanged && change === null && !this.#toRotate;
    if (isIdle && !this.#isStale(base)) return undefined;
    const { store } = this.#settings;
    const key = keyOf(this.#id as string);
    return inTurn(store.store, key, async () => {
      for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
        const text = await store.get(key);
        const current = recordOf(text);
        if (current === null || current === 'moved' || this.#expiresIn(current) <= 0) {
          if (isIdle) return undefined;
          // To write it would bring back a session that somebody has ended.
          throw ended();
        }
        const merged = isUnchanged ? current.values : this.#merge(base, mine, current);
        const { result, values } = changed(merged, change);
        if (await this.#write(key, text as string, current, this.#checked(values))) {
          adopt(data, values, mine);
          return result;
        }
      }
      throw new SessionConflict(`Other processes changed the session ${ATTEMPTS} times in a row.`);
    });
  }

  /** @returns false if what is stored is not `text` any more */
  async #write(key: string, text: string, current: SessionRecord, values: Values): Promise<boolean> {
    const { store } = this.#settings;
    const now = Date.now();
    const isUnchanged = areSame(values, current.values);
    const isIdentityChanged = this.#isIdentityChanged(current.values, values);
    if (isUnchanged && !this.#toRotate && !this.#isStale(current)) {
      this.#base = current;
      return true;
    }
    const next: SessionRecord = {
      // That it was used is no change which another request would have to know of.
      revision: isUnchanged ? current.revision : newRevision(),
      created: isIdentityChanged ? now : current.created,
      used: now,
      values,
    };
    if (!this.#toRotate && !isIdentityChanged) {
      const isWritten = await store.replace(key, text, textOf(next), this.#ttl(next));
      if (isWritten) this.#base = next;
      return isWritten;
    }
    this.#requireHead();
    // The old id goes first: of two processes that do this at once one finds it gone.
    if (!(await store.replace(key, text, movedText, MOVED_FOR))) return false;
    await this.#issue(next);
    this.#toRotate = false;
    return true;
  }

  /** Stores a session under a new id, and has the client told of it. */
  async #issue(record: SessionRecord): Promise<void> {
    this.#requireHead();
    const { cookie, store, absolute } = this.#settings;
    const id = newId();
    await store.set(keyOf(id), textOf(record), this.#ttl(record));
    this.#id = id;
    this.#base = record;
    const seconds = (record.created + absolute - Date.now()) / 1000;
    this.cookie = cookie.line(id, seconds, this.#environ['wsgi.url_scheme']);
  }

  /** For a cookie there has to be a head to come, and somebody who gets it. */
  #requireHead(): void {
    if (!this.#isHeadOut()) return;
    const { aborted, reason } = this.#environ['fapws.signal'];
    throw aborted ? reason : new SessionError('FAPWS_SESSION_LATE', late);
  }

  #merge(base: SessionRecord, mine: Values, current: SessionRecord): Values {
    if (current.revision === base.revision) return mine;
    if (this.#settings.conflicts === 'error') {
      throw new SessionConflict('Another request has changed the session since it was loaded.');
    }
    const { merged, clashes } = merge(base.values, mine, current.values);
    if (clashes.length === 0) return merged;
    throw new SessionConflict(
      `Another request has changed ${clashes.join(', ')} of the session since it was loaded. For values that depend on ` +
        'what they were, use session.update(data => …).',
    );
  }

  #isIdentityChanged(before: Values, after: Values): boolean {
    return this.#settings.identity.some(name => before.get(name) !== after.get(name));
  }

  #isStale(record: SessionRecord): boolean {
    return Date.now() - record.used >= this.#settings.refresh;
  }

  /** Milliseconds; 0 or below when it is over. */
  #expiresIn({ created, used }: SessionRecord): number {
    return Math.min(created + this.#settings.absolute, used + this.#settings.idle) - Date.now();
  }

  #ttl(record: SessionRecord): number {
    return Math.max(1, Math.ceil(this.#expiresIn(record)));
  }

  #checked(values: Values): Values {
    let characters = 0;
    for (const [name, json] of values) characters += name.length + json.length;
    const { maxCharacters } = this.#settings;
    if (characters <= maxCharacters) return values;
    throw new SessionError(
      'FAPWS_SESSION_VALUE',
      `The session has ${characters} characters of data, and may have ${maxCharacters}. Keep a reference in it and the ` +
        'matter itself elsewhere, or raise maxCharacters.',
    );
  }
}

/** What `change` makes of values. */
function changed(values: Values, change: Change | null): { result: unknown; values: Values } {
  if (change === null) return { result: undefined, values };
  const data = dataOf(values);
  const result = change(data);
  if (typeof (result as PromiseLike<unknown> | null | undefined)?.then === 'function') {
    throw new SessionError(
      'FAPWS_SESSION_VALUE',
      'The function given to session.update() must not wait: other requests wait for it. Get what it needs before.',
    );
  }
  return { result, values: valuesOf(data) };
}

function ended(): SessionConflict {
  return new SessionConflict(
    'Another request has ended the session, or given it a new id, since this one was sent.',
  );
}
