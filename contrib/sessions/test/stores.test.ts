// One suite for every kind of store, and what becomes of requests when a store fails.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { installed, Program } from '@fapws/testing';
import KeyvRedis from '@keyv/redis';
import Keyv from 'keyv';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { MemoryStore, type SessionStore } from '../src/index.ts';
import { app, Browser } from './browser.ts';
import { SqliteAdapter } from './sqlite-adapter.ts';

// A database is started here, maybe on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

/** What a kind of store needs to run; it opens the same data each time. */
interface Place extends AsyncDisposable {
  open(): Promise<SessionStore> | SessionStore;
}

const cleanup: (() => unknown)[] = [];
afterEach(async () => {
  for (const task of cleanup.splice(0).reverse()) await task();
});

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'fapws-sessions-'));
  cleanup.push(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

function memory(): Place {
  const store = new MemoryStore();
  return { open: () => store, [Symbol.asyncDispose]: async () => {} };
}

function keyvInMemory(): Place {
  const map = new Map();
  return { open: () => new Keyv({ store: map, throwOnErrors: true }), [Symbol.asyncDispose]: async () => {} };
}

function sqlite(): Place {
  const file = join(folder(), 'sessions.sqlite');
  let open: Keyv | undefined;
  return {
    async open() {
      await open?.disconnect();
      open = new Keyv({ store: new SqliteAdapter(file), throwOnErrors: true });
      return open;
    },
    [Symbol.asyncDispose]: async () => void (await open?.disconnect()),
  };
}

async function redis(): Promise<Place> {
  const socket = join(folder(), 'redis.sock');
  const program = new Program('redis-server', [
    '--port',
    '0',
    '--unixsocket',
    socket,
    '--save',
    '',
    '--appendonly',
    'no',
  ]);
  await program.prints(/ready to accept connections/i);
  const opened: Keyv[] = [];
  return {
    open() {
      const adapter = new KeyvRedis({ socket: { path: socket, tls: false } }, { throwOnErrors: true });
      const store = new Keyv({ store: adapter, throwOnErrors: true });
      opened.push(store);
      return store;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(opened.map(store => store.disconnect()));
      await program[Symbol.asyncDispose]();
    },
  };
}

const hasRedis = installed('redis-server');
const kinds: [string, boolean, () => Place | Promise<Place>][] = [
  ['MemoryStore', true, memory],
  ['Keyv on a Map', true, keyvInMemory],
  ['Keyv on SQLite', true, sqlite],
  ['Keyv on Redis', hasRedis, redis],
];

for (const [name, isHere, make] of kinds) {
  describe.runIf(isHere)(name, () => {
    test('keeps sessions across middlewares, and ends them', async () => {
      await using place = await make();
      const browser = new Browser({ store: await place.open() });
      await browser.do(async session =>
        Object.assign(await session.load(), { user: 'ä€', list: ['"', '\\'] }),
      );
      const { id } = browser;
      const later = new Browser({ store: await place.open() });
      later.cookies.set('session', id as string);
      expect(await later.data()).toEqual({ user: 'ä€', list: ['"', '\\'] });
      await later.do(session => session.rotate());
      expect(later.id).not.toBe(id);
      expect(await later.data()).toEqual({ user: 'ä€', list: ['"', '\\'] });
      const thief = later.clone();
      await later.do(session => session.destroy());
      expect([later.id, await thief.data()]).toEqual([undefined, {}]);
    });

    test('loses no update of twenty requests at once', async () => {
      await using place = await make();
      const browser = new Browser({ store: await place.open() });
      await browser.do(session => session.update(data => Object.assign(data, { visits: 0 })));
      await Promise.all(
        Array.from({ length: 20 }, () =>
          browser
            .clone()
            .do(session => session.update(data => Object.assign(data, { visits: (data.visits ?? 0) + 1 }))),
        ),
      );
      expect(await browser.data()).toEqual({ visits: 20 });
    });

    test('a session is over when its time is', async () => {
      await using place = await make();
      const browser = new Browser({ store: await place.open(), idle: 1.5, refresh: 1.4 });
      await browser.do(async session => Object.assign(await session.load(), { visits: 1 }));
      expect(await browser.data()).toEqual({ visits: 1 });
      await setTimeout(1510);
      expect(await browser.data()).toEqual({});
    });
  });
}

describe('a store that fails', () => {
  const failing = (method: 'get' | 'set' | 'delete', fail: () => unknown): SessionStore => {
    const store = new MemoryStore();
    return {
      get: key => store.get(key),
      set: (key, value, ttl) => store.set(key, value, ttl),
      delete: key => store.delete(key),
      [method]: fail,
    };
  };
  const refuse = (): never => {
    throw new Error('the disk is full');
  };

  test.each(['get', 'set', 'delete'] as const)(
    'is an error, never a client without a session: %s',
    async method => {
      const browser = new Browser({ store: failing(method, refuse) });
      browser.cookies.set('session', 'A'.repeat(32));
      const response = await browser.send(
        app(async session => {
          session.destroy();
          if (method === 'get') await browser.clone().do(other => other.load());
          (await session.load()).user = 'a';
        }),
      );
      expect(response.statusCode).toBe(500);
      expect(browser.lines).toEqual([]);
      expect(browser.log.join('')).toMatch(/session store failed to (read|write|delete)/);
      expect(browser.log.join('')).toContain('the disk is full');
    },
  );

  test('that does not answer is given up', async () => {
    const browser = new Browser({ store: failing('get', () => new Promise(() => {})), storeTimeout: 0.05 });
    browser.cookies.set('session', 'A'.repeat(32));
    expect((await browser.send(app(session => session.load()))).statusCode).toBe(500);
    expect(browser.log.join('')).toContain('no answer in 0.05 s');
  });

  test('by an event, as adapters of keyv do, and answers as if nothing were there', async () => {
    const adapter = new SqliteAdapter(':memory:');
    adapter.get = async () => {
      adapter.emit('error', new Error('connection lost'));
      return undefined;
    };
    const browser = new Browser({ store: new Keyv({ store: adapter, throwOnErrors: true }) });
    browser.cookies.set('session', 'A'.repeat(32));
    expect((await browser.send(app(session => session.load()))).statusCode).toBe(500);
    expect(browser.log.join('')).toContain('connection lost');
  });

  test('with false for what it could not write', async () => {
    const browser = new Browser({ store: failing('set', async () => false) });
    const response = await browser.send(
      app(async session => Object.assign(await session.load(), { user: 'a' })),
    );
    expect([response.statusCode, browser.lines]).toEqual([500, []]);
  });

  test.runIf(hasRedis)('Redis that has gone away', async () => {
    const place = await redis();
    const browser = new Browser({ store: await place.open(), storeTimeout: 1 });
    try {
      await browser.do(async session => Object.assign(await session.load(), { user: 'a' }));
    } finally {
      await place[Symbol.asyncDispose]();
    }
    const response = await browser.send(app(session => session.load()));
    expect(response.statusCode).toBe(500);
    expect(browser.log.join('')).toContain('session store failed to read');
  });
});
