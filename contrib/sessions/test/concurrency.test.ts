// Requests of one session at the same time: no update is lost without a word.

import { setTimeout } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { SessionConflict } from '../src/index.ts';
import { app, Browser, RecordingStore } from './browser.ts';

/** Two requests that have both loaded the session before either goes on. */
class Rendezvous {
  readonly #both: Promise<void>;
  #arrived = 0;
  #open!: () => void;

  constructor() {
    this.#both = new Promise(resolve => {
      this.#open = resolve;
    });
  }

  meet(): Promise<void> {
    this.#arrived += 1;
    if (this.#arrived === 2) this.#open();
    return this.#both;
  }
}

/** A client with a session of one visit. */
async function visitor(options = {}): Promise<Browser> {
  const browser = new Browser(options);
  await browser.do(async session => Object.assign(await session.load(), { visits: 1 }));
  return browser;
}

/** Sends two requests that load the session at the same time and then do this to it. */
async function together(
  browser: Browser,
  one: (data: Record<string, unknown>) => void,
  other: (data: Record<string, unknown>) => void,
): Promise<number[]> {
  const rendezvous = new Rendezvous();
  const responses = await Promise.all(
    [one, other].map(change =>
      browser.clone().send(
        app(async session => {
          const data = await session.load();
          await rendezvous.meet();
          change(data);
        }),
      ),
    ),
  );
  return responses.map(({ statusCode }) => statusCode).sort();
}

describe('in one process', () => {
  test('changes of different values are both kept', async () => {
    const browser = await visitor();
    const statuses = await together(
      browser,
      data => Object.assign(data, { list: ['a'] }),
      data => delete data['visits'],
    );
    expect(statuses).toEqual([200, 200]);
    expect(await browser.data()).toEqual({ list: ['a'] });
  });

  test('the same change twice is no conflict', async () => {
    const browser = await visitor();
    const change = (data: object): void => void Object.assign(data, { visits: 2 });
    expect(await together(browser, change, change)).toEqual([200, 200]);
    expect(await browser.data()).toEqual({ visits: 2 });
  });

  test('changes of the same value are a conflict: the second request is answered 409, and nothing of it is kept', async () => {
    const browser = await visitor();
    const statuses = await together(
      browser,
      data => Object.assign(data, { visits: 2, list: ['two'] }),
      data => Object.assign(data, { visits: 3, list: ['three'] }),
    );
    expect(statuses).toEqual([200, 409]);
    expect(await browser.data()).toSatisfy(
      (data: { visits: number; list: string[] }) => data.list[0] === (data.visits === 2 ? 'two' : 'three'),
    );
  });

  test("with conflicts: 'error' any two changes are one; a request that only reads is none", async () => {
    const browser = await visitor({ conflicts: 'error' });
    const change = (data: object): void => void Object.assign(data, { list: ['a'] });
    expect(await together(browser, change, data => Object.assign(data, { visits: 2 }))).toEqual([200, 409]);
    expect(
      await together(
        browser,
        data => Object.assign(data, { visits: 5 }),
        () => {},
      ),
    ).toEqual([200, 200]);
  });

  test("that a session was used is no change, also with conflicts: 'error'", async () => {
    const browser = await visitor({ conflicts: 'error', refresh: 0.001 });
    const { store } = browser;
    store.taken();
    await browser.do(async session => {
      const data = await session.load();
      await setTimeout(5);
      await browser.clone().data();
      data.visits = 2;
    });
    expect(store.taken().filter(call => call === 'set')).toHaveLength(2);
    expect(await browser.data()).toEqual({ visits: 2 });
  });

  test('an application can catch the conflict', async () => {
    const browser = await visitor();
    const caught = await browser.do(async session => {
      const data = await session.load();
      await browser.clone().do(async other => Object.assign(await other.load(), { visits: 7 }));
      data.visits = 8;
      const failure = await session.save().catch((error: unknown) => error);
      data.visits = 1;
      return [
        failure instanceof SessionConflict,
        (failure as SessionConflict).code,
        (failure as Error).message,
      ];
    });
    expect(caught).toEqual([
      true,
      'FAPWS_SESSION_CONFLICT',
      expect.stringContaining('has changed visits of'),
    ]);
    expect(await browser.data()).toEqual({ visits: 7 });
  });

  test('update counts every one of fifty requests', async () => {
    const browser = await visitor();
    const counts = await Promise.all(
      Array.from({ length: 50 }, () =>
        browser.clone().do(session =>
          session.update(data => {
            data.visits = (data.visits ?? 0) + 1;
            return data.visits;
          }),
        ),
      ),
    );
    expect((counts as number[]).sort((one, other) => one - other)).toEqual(
      Array.from({ length: 50 }, (_, at) => at + 2),
    );
    expect(await browser.data()).toEqual({ visits: 51 });
  });

  test('update sees what other requests stored, and this one has not yet', async () => {
    const browser = await visitor();
    const seen = await browser.do(async session => {
      const data = await session.load();
      await browser.clone().do(async other => Object.assign(await other.load(), { visits: 7 }));
      data.user = 'me';
      const copy = await session.update(now => ({ ...now }));
      return [copy, data];
    });
    expect(seen).toEqual([
      { visits: 7, user: 'me' },
      { visits: 7, user: 'me' },
    ]);
  });

  test('a function for update that throws changes nothing, one that waits is refused', async () => {
    const browser = await visitor();
    const messages = await browser.do(async session => {
      const failures = await Promise.allSettled([
        session.update(data => {
          data.visits = 99;
          throw new Error('no');
        }),
        session.update(async data => {
          data.visits = 98;
        }),
      ]);
      return failures.map(failure => (failure as PromiseRejectedResult).reason.message);
    });
    expect(messages).toEqual(['no', expect.stringContaining('must not wait')]);
    expect(await browser.data()).toEqual({ visits: 1 });
  });

  test('what is changed while a save is under way is stored by the next one', async () => {
    const browser = await visitor();
    await browser.do(async session => {
      const data = await session.load();
      data.visits = 2;
      const saved = session.save();
      data.visits = 3;
      data.user = 'a';
      await saved;
      data.list = ['b'];
    });
    expect(await browser.data()).toEqual({ visits: 3, user: 'a', list: ['b'] });
  });

  test('a new session that is saved twice at once is one session', async () => {
    const browser = new Browser();
    await browser.do(async session => {
      const data = await session.load();
      data.user = 'a';
      await Promise.all([
        session.save(),
        session.save(),
        session.update(now => Object.assign(now, { visits: 1 })),
      ]);
    });
    expect(browser.lines).toHaveLength(1);
    expect(browser.store.map.size).toBe(1);
  });
});

describe('with the end of the session', () => {
  /** Sends a request that changes the session while another one does this to it. */
  async function during(
    browser: Browser,
    act: (other: Browser) => Promise<unknown>,
    change: (data: Record<string, unknown>) => void = data => Object.assign(data, { list: ['late'] }),
  ): Promise<number> {
    const other = browser.clone();
    const response = await browser.send(
      app(async session => {
        const data = await session.load();
        await act(other);
        change(data);
      }),
    );
    browser.cookies.clear();
    for (const [name, value] of other.cookies) browser.cookies.set(name, value);
    return response.statusCode;
  }

  test('a logout is not undone by a request that was under way', async () => {
    const browser = await visitor();
    expect(await during(browser, other => other.do(session => session.destroy()))).toBe(409);
    expect(browser.store.map.size).toBe(0);
  });

  test('a request under way that changes nothing does not notice', async () => {
    const browser = await visitor();
    expect(
      await during(
        browser,
        other => other.do(session => session.destroy()),
        () => {},
      ),
    ).toBe(200);
  });

  test('nor does one that would only have written down that the session was used', async () => {
    const browser = await visitor({ refresh: 0.001 });
    await setTimeout(5);
    const logout = (other: Browser) => other.do(session => session.destroy());
    expect(await during(browser, logout, () => {})).toBe(200);
    expect(browser.store.map.size).toBe(0);
  });

  test('what was changed with the old id after a login is not kept in a second session', async () => {
    const browser = await visitor();
    const login = (other: Browser) =>
      other.do(async session => Object.assign(await session.load(), { user: 'a' }));
    expect(await during(browser, login)).toBe(409);
    expect(await browser.data()).toEqual({ user: 'a', visits: 1 });
  });

  test('a request that still comes with the old id does not replace the cookie of the login', async () => {
    const browser = await visitor();
    const slow = browser.clone();
    await browser.do(session => session.rotate());
    expect(await slow.data()).toEqual({});
    const response = await slow.send(
      app(async session => Object.assign(await session.load(), { visits: 5 })),
    );
    expect([response.statusCode, slow.lines]).toEqual([409, []]);
    expect(await browser.data()).toEqual({ visits: 1 });
  });

  test('two logins at once leave one session', async () => {
    const browser = await visitor();
    const statuses = await together(
      browser,
      data => Object.assign(data, { user: 'a' }),
      data => Object.assign(data, { user: 'b' }),
    );
    expect(statuses).toEqual([200, 409]);
    const living = [...browser.store.map.values()].filter(text => text.includes('"data"'));
    expect(living).toHaveLength(1);
  });
});

describe('in several processes', () => {
  /** Another face of the same store: what a process of its own has. Locks are not shared with it. */
  class Face extends RecordingStore {
    override readonly map: Map<string, string>;

    constructor(of: RecordingStore) {
      super();
      this.map = of.map;
    }
  }

  class ReplacingFace extends Face {
    async replace(key: string, expected: string, value: string): Promise<boolean> {
      await new Promise(resolve => setImmediate(resolve));
      if (this.map.get(key) !== expected) return false;
      this.map.set(key, value);
      return true;
    }
  }

  const count = (browser: Browser, processes: number, of: new (store: RecordingStore) => Face) =>
    Promise.all(
      Array.from({ length: processes }, async () => {
        const other = new Browser({ ...browser.options, store: new of(browser.store) });
        for (const [name, value] of browser.cookies) other.cookies.set(name, value);
        await other.do(session =>
          session.update(data => Object.assign(data, { visits: (data.visits ?? 0) + 1 })),
        );
      }),
    );

  test('a store that has replace loses nothing', async () => {
    const browser = await visitor();
    await count(browser, 8, ReplacingFace);
    expect(await browser.data()).toEqual({ visits: 9 });
  });

  test('changes that were stored before this one is are seen without it, too', async () => {
    const browser = await visitor();
    const elsewhere = new Browser({ ...browser.options, store: new Face(browser.store) });
    elsewhere.cookies.set('session', browser.id as string);
    const response = await browser.send(
      app(async session => {
        const data = await session.load();
        await elsewhere.do(async other =>
          Object.assign(await other.load(), { visits: 2, user: undefined, list: ['x'] }),
        );
        data.visits = 3;
      }),
    );
    expect(response.statusCode).toBe(409);
    expect(await browser.data()).toEqual({ visits: 2, list: ['x'] });
  });

  test('without it, writes of the same moment can still overwrite each other, as the README says', async () => {
    const browser = await visitor();
    await count(browser, 8, Face);
    const { visits } = (await browser.data()) as { visits: number };
    expect(visits).toBeGreaterThanOrEqual(2);
    expect(visits).toBeLessThan(9);
  });

  test('a store whose replace never succeeds ends in a conflict, not in a loop', async () => {
    class Never extends Face {
      async replace(): Promise<boolean> {
        return false;
      }
    }
    const browser = await visitor();
    const unlucky = new Browser({ ...browser.options, store: new Never(browser.store) });
    unlucky.cookies.set('session', browser.id as string);
    const response = await unlucky.send(
      app(session => session.update(data => Object.assign(data, { visits: 9 }))),
    );
    expect(response.statusCode).toBe(409);
    expect(unlucky.log.join('')).toMatch(/20 times in a row/);
  });
});
