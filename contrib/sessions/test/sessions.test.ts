// What a session is to an application and to its client: kept, bounded in time, and nothing while nobody wants it.

import { type Application, call, type Environ } from '@fapws/core';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { sessionOf, sessions } from '../src/index.ts';
import { app, Browser, visit } from './browser.ts';

beforeEach(() => {
  // Only the date stands still; everything waits as ever.
  vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-01-01T00:00:00Z') });
});

afterEach(() => {
  vi.useRealTimers();
});

const wait = (seconds: number): void => void vi.setSystemTime(Date.now() + seconds * 1000);

describe('what is kept', () => {
  test('a client that comes back finds its data, another one does not', async () => {
    const browser = new Browser();
    for (const visits of [1, 2, 3]) expect((await browser.send(visit)).json()).toBe(visits);
    const other = new Browser(browser.options);
    expect((await other.send(visit)).json()).toBe(1);
    expect(await browser.data()).toEqual({ visits: 3 });
  });

  test('environ has it under its key, the same for sessionOf', async () => {
    let same: unknown;
    await new Browser().send((environ, startResponse) => {
      same = environ['fapws.session'] === sessionOf(environ);
      startResponse('200 OK', []);
    });
    expect(same).toBe(true);
  });

  test('load gives the same object each time', async () => {
    const same = await new Browser().do(async session => {
      const [one, other] = await Promise.all([session.load(), session.load()]);
      return one === other && one === (await session.load());
    });
    expect(same).toBe(true);
  });

  test('a deleted value is gone, an undefined one too', async () => {
    const browser = new Browser();
    await browser.do(async session =>
      Object.assign(await session.load(), { user: 'a', visits: 1, list: ['x'] }),
    );
    await browser.do(async session => {
      const data = await session.load();
      delete data.list;
      Object.assign(data, { visits: undefined });
    });
    expect(await browser.data()).toEqual({ user: 'a' });
  });

  const proto = '__proto__';

  test('a name that objects have of themselves means nothing', async () => {
    const browser = new Browser();
    const seen = await browser.do(async session => {
      const data = (await session.load()) as Record<string, unknown>;
      const before = [data['constructor'], data['toString'], data[proto]].map(value => value === undefined);
      data[proto] = { polluted: true };
      data['constructor'] = 'mine';
      return before;
    });
    expect(seen).toEqual([true, true, true]);
    const data = (await browser.data()) as Record<string, unknown>;
    expect(Object.entries(data).sort()).toEqual([
      [proto, { polluted: true }],
      ['constructor', 'mine'],
    ]);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  test('changes of a request that fails are not kept', async () => {
    const browser = new Browser();
    await browser.send(visit);
    const response = await browser.send(async environ => {
      const data = await sessionOf<{ visits: number }>(environ).load();
      data.visits = 99;
      throw new Error('no');
    });
    expect(response.statusCode).toBe(500);
    expect(await browser.data()).toEqual({ visits: 1 });
  });

  test.each([
    ['a Date', new Date(), /when is a Date/],
    ['a Map', { inner: [new Map()] }, /when\.inner\[0\] is a Map/],
    ['a function', [() => 1], /when\[0\] is a function/],
    ['NaN', Number.NaN, /when is NaN/],
    ['undefined in an array', [undefined], /when\[0\] is a undefined/],
    ['a bigint', 1n, /when is a bigint/],
    [
      'a circle',
      ((): unknown => {
        const ring: unknown[] = [];
        ring.push(ring);
        return ring;
      })(),
      /circle/,
    ],
  ])('%s is refused by its place, and nothing is stored', async (_, value, message) => {
    const browser = new Browser();
    const response = await browser.send(
      app(async session => {
        Object.assign(await session.load(), { when: value });
      }),
    );
    expect(response.statusCode).toBe(500);
    expect(browser.log.join('')).toMatch(message);
    expect(browser.store.map.size).toBe(0);
  });

  test('more data than maxCharacters is an error', async () => {
    const browser = new Browser({ maxCharacters: 100 });
    const put = (length: number) =>
      app(async session => {
        (await session.load()).user = 'x'.repeat(length);
      });
    expect((await browser.send(put(94))).statusCode).toBe(200);
    expect((await browser.send(put(95))).statusCode).toBe(500);
    expect(browser.log.join('')).toMatch(/101 characters/);
  });

  test('without the middleware sessionOf says what to do', () => {
    expect(() => sessionOf({} as Environ)).toThrow(/server\.use\(sessions\(\)\)/);
  });
});

describe('what costs nothing', () => {
  test('a request that does not touch its session asks the store nothing and is answered at once', async () => {
    const browser = new Browser();
    await browser.send(visit);
    browser.store.taken();
    const hello: Application = (_, startResponse) => {
      startResponse('200 OK', []);
      return 'hello';
    };
    const response = await browser.send(hello);
    expect(browser.store.taken()).toEqual([]);
    expect(response.header('Set-Cookie')).toBeUndefined();
    expect(response.header('Vary')).toBeUndefined();
    let result: unknown;
    await call((environ, startResponse) => {
      result = sessions()(hello)(environ, startResponse);
      return result as string;
    });
    expect(result).toBe('hello');
  });

  test('a new client that leaves its session empty gets no cookie, and nothing is stored', async () => {
    const browser = new Browser();
    expect(await browser.data()).toEqual({});
    expect(browser.lines).toEqual([]);
    expect(browser.store.taken()).toEqual([]);
  });

  test('a session that is only read is not written, and the cookie not sent again', async () => {
    const browser = new Browser();
    await browser.send(visit);
    browser.store.taken();
    await browser.data();
    await browser.do(async session => {
      const data = await session.load();
      data.visits = 7;
      data.visits = 1;
      await session.save();
    });
    await browser.do(session => session.update(data => data.visits));
    expect(browser.store.taken().filter(call => call !== 'get')).toEqual([]);
    expect(browser.lines).toEqual([]);
  });

  test('what looks like no id is not looked up', async () => {
    const browser = new Browser();
    for (const value of [
      '',
      'x',
      'a'.repeat(31),
      'a'.repeat(33),
      '../../etc/passwd',
      '%00'.repeat(10),
      '"'.repeat(32),
    ]) {
      browser.cookies.set('session', value);
      expect(await browser.data()).toEqual({});
    }
    expect(browser.store.taken()).toEqual([]);
  });

  test('of a hundred cookies four are looked up', async () => {
    const browser = new Browser();
    const cookies = Array.from({ length: 100 }, (_, at) => `session=${String(at).padStart(32, 'x')}`);
    await browser.send(
      app(session => session.load()),
      { headers: { Cookie: cookies.join('; ') } },
    );
    expect(browser.store.taken()).toHaveLength(4);
  });
});

describe('who it belongs to', () => {
  const login = (user: string) =>
    app(async session => {
      (await session.load()).user = user;
    });

  test('FIXATION: an id that nobody was given is never taken up', async () => {
    const browser = new Browser();
    browser.cookies.set('session', 'A'.repeat(32));
    await browser.send(login('victim'));
    expect(browser.id).not.toBe('A'.repeat(32));
    expect(await browser.data()).toEqual({ user: 'victim' });
    const attacker = new Browser(browser.options);
    attacker.cookies.set('session', 'A'.repeat(32));
    expect(await attacker.data()).toEqual({});
  });

  test('FIXATION: a login gives a new id by itself, and the planted one is no good', async () => {
    const attacker = new Browser();
    await attacker.send(visit);
    const victim = attacker.clone();
    await victim.send(login('victim'));
    expect(victim.id).not.toBe(attacker.id);
    expect(await victim.data()).toEqual({ user: 'victim', visits: 1 });
    expect(await attacker.data()).toEqual({});
    // The same again changes nothing; another user, or none, does.
    const { id } = victim;
    await victim.send(login('victim'));
    expect(victim.id).toBe(id);
    await victim.send(login('other'));
    expect(victim.id).not.toBe(id);
  });

  test('FIXATION: two living sessions in one request are both not believed, one beside a dead one is', async () => {
    const browser = new Browser();
    await browser.send(login('victim'));
    const attacker = new Browser(browser.options);
    await attacker.send(login('attacker'));
    const load = app(session => session.load());
    const planted = `session=${attacker.id}; session=${browser.id}`;
    expect((await browser.send(load, { headers: { Cookie: planted } })).json()).toEqual({});
    expect(browser.log.join('')).toMatch(/2 cookies called session/);
    const dead = `session=${'B'.repeat(32)}; session=${browser.id}`;
    expect((await browser.send(load, { headers: { Cookie: dead } })).json()).toEqual({ user: 'victim' });
  });

  test('identity names other values, and a new id begins the absolute limit anew', async () => {
    const browser = new Browser({ identity: ['list'], idle: 1000, absolute: 1000 });
    await browser.send(login('a'));
    const { id } = browser;
    await browser.send(login('b'));
    expect(browser.id).toBe(id);
    wait(900);
    await browser.do(async session => Object.assign(await session.load(), { list: ['role'] }));
    expect(browser.id).not.toBe(id);
    wait(900);
    expect(await browser.data()).toEqual({ user: 'b', list: ['role'] });
  });

  test('rotate gives a new id and leaves the limits', async () => {
    const browser = new Browser({ idle: 1000, absolute: 1000 });
    await browser.send(visit);
    const old = browser.clone();
    wait(900);
    await browser.do(session => session.rotate());
    expect(browser.id).not.toBe(old.id);
    expect(await browser.data()).toEqual({ visits: 1 });
    expect(await old.data()).toEqual({});
    wait(100);
    expect(await browser.data()).toEqual({});
  });

  test('rotate without a session does nothing', async () => {
    const browser = new Browser();
    await browser.do(session => session.rotate());
    expect(browser.lines).toEqual([]);
    expect(browser.store.map.size).toBe(0);
  });

  test('destroy ends the session on the server and in the browser', async () => {
    const browser = new Browser({ cookie: { path: '/app', domain: 'example.org' } });
    await browser.send(login('a'));
    const thief = browser.clone();
    await browser.do(session => session.destroy());
    expect(browser.lines).toEqual([
      'session=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/app; Domain=example.org; HttpOnly; SameSite=Lax',
    ]);
    expect(await thief.data()).toEqual({});
    expect(browser.store.map.size).toBe(0);
  });

  test('what is put into a destroyed session begins a new one', async () => {
    const browser = new Browser();
    await browser.send(login('a'));
    const { id } = browser;
    await browser.do(async session => {
      const data = await session.load();
      session.destroy();
      data.list = ['you have logged out'];
    });
    expect(browser.lines).toHaveLength(1);
    expect(browser.id).not.toBe(id);
    expect(await browser.data()).toEqual({ list: ['you have logged out'] });
    expect(browser.store.map.size).toBe(1);
  });

  test('destroy while the session is loaded leaves nothing of it', async () => {
    const browser = new Browser();
    await browser.send(login('a'));
    const same = await browser.do(async session => {
      const loading = session.load();
      session.destroy();
      const data = await loading;
      data.visits = 5;
      return data === (await session.load());
    });
    expect(same).toBe(true);
    expect(await browser.data()).toEqual({ visits: 5 });
  });

  test('destroy without a session does nothing', async () => {
    const browser = new Browser();
    await browser.do(session => session.destroy());
    expect(browser.lines).toEqual([]);
    expect(browser.store.taken()).toEqual([]);
  });
});
