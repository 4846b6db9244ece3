// Where sessions are kept: what a store has to offer, and a face of it that neither hangs nor hides failures.

import { shown } from './checks.ts';
import { SessionError } from './errors.ts';

/**
 * What keeps sessions. A `Keyv` is one, and so is any object with these methods, whether they give values or promises.
 * A method that fails must throw: what looks like nothing found would log people out.
 */
export interface SessionStore {
  get(key: string): unknown;
  /** @param ttl milliseconds after which the value may be forgotten; that it is, is checked apart from the store */
  set(key: string, value: string, ttl: number): unknown;
  delete(key: string): unknown;
  /**
   * Sets the value if the present one is `expected`, in one step that nobody can come between; answers whether it was.
   * With it no update is lost across processes either.
   */
  replace?(key: string, expected: string, value: string, ttl: number): boolean | Promise<boolean>;
}

/** What else a Keyv and its adapters have, as far as it matters here. */
interface KeyvLike {
  readonly throwOnErrors?: unknown;
  on?(event: 'error', listener: (error: unknown) => void): unknown;
}

/** A store whose failures are errors, and whose calls end. */
export class GuardedStore {
  readonly store: SessionStore;
  readonly #timeout: number;
  /** Failures that the store told of by an event. */
  #failures = 0;
  #failure: unknown = null;

  /** @throws {TypeError} {RangeError} for what can't be a store */
  constructor(store: SessionStore, timeout: number) {
    for (const method of ['get', 'set', 'delete'] as const) {
      if (typeof (store as SessionStore | null)?.[method] === 'function') continue;
      throw new TypeError(
        `sessions: store has the methods get, set and delete, as a Keyv has; ${shown(store)} lacks ${method}.`,
      );
    }
    const { throwOnErrors, on } = store as KeyvLike;
    if (throwOnErrors === false) {
      throw new RangeError(
        'sessions: this Keyv hides failures of its storage, so that a database that is down would look like clients ' +
          'without sessions. Make it with throwOnErrors: new Keyv({ store: …, throwOnErrors: true }).',
      );
    }
    this.store = store;
    this.#timeout = timeout;
    // Some adapters tell of failures by this event only; and without a listener a lost connection would end the process.
    if (typeof on === 'function') {
      on.call(store, 'error', (error: unknown) => {
        this.#failures += 1;
        this.#failure = error;
      });
    }
  }

  async get(key: string): Promise<unknown> {
    const failures = this.#failures;
    const value = await this.#call('read', () => this.store.get(key));
    if (value !== undefined && value !== null) return value;
    // It may be another call's failure. To take it for this one's costs an error page; the reverse would log people out.
    if (this.#failures !== failures) throw failed('read', this.#failure);
    return undefined;
  }

  async set(key: string, value: string, ttl: number): Promise<void> {
    await this.#change('write', () => this.store.set(key, value, ttl));
  }

  /** Sets the value if the present one is `expected`: for sure where the store can do that, else without a look. */
  async replace(key: string, expected: string, value: string, ttl: number): Promise<boolean> {
    const { store } = this;
    if (store.replace === undefined) {
      await this.set(key, value, ttl);
      return true;
    }
    return (await this.#call('write', () => store.replace?.(key, expected, value, ttl))) === true;
  }

  async delete(key: string): Promise<void> {
    const failures = this.#failures;
    await this.#call('delete', () => this.store.delete(key));
    // That there was nothing to delete is what false means otherwise.
    if (this.#failures !== failures) throw failed('delete', this.#failure);
  }

  async #change(what: string, action: () => unknown): Promise<void> {
    const failures = this.#failures;
    const answer = await this.#call(what, action);
    if (answer === false || this.#failures !== failures) throw failed(what, this.#failure);
  }

  async #call(what: string, action: () => unknown): Promise<unknown> {
    let timer: NodeJS.Timeout | undefined;
    try {
      const answer = action();
      if (typeof (answer as PromiseLike<unknown> | null | undefined)?.then !== 'function') return answer;
      if (this.#timeout === Infinity) return await answer;
      const late = new Promise<never>((_, reject) => {
        // Node takes what is longer for no time at all.
        const bounded = Math.min(this.#timeout, 2 ** 31 - 1);
        timer = setTimeout(() => reject(new Error(`no answer in ${bounded / 1000} s`)), bounded);
      });
      return await Promise.race([answer, late]);
    } catch (error) {
      throw failed(what, error);
    } finally {
      clearTimeout(timer);
    }
  }
}

function failed(what: string, cause: unknown): SessionError {
  return new SessionError('FAPWS_SESSION_STORE', `The session store failed to ${what}.`, { cause });
}
