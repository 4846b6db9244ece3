// What the front's environ becomes in Python: with a prefix, with what middlewares set, with text that is not ASCII.

import type { Middleware } from '@fapws/core';
import { describe, expect, test } from 'vitest';
import { arrives, Front, hasPython, received, requestOf } from './front.ts';

const SECONDS = 30_000;

const setting: Middleware = app => (environ, startResponse) => {
  environ['REMOTE_USER'] = 'Zo\u00eb \u20ac';
  environ['LIMIT'] = 5;
  environ['auth.admin'] = true;
  environ['auth.level'] = -7;
  environ['auth.share'] = 0.5;
  environ['auth.name'] = '\u20ac';
  environ['auth.object'] = {};
  environ['wsgi.url_scheme'] = 'https';
  environ['long.text'] = '\u00e9'.repeat(100_000);
  delete environ['HTTP_ACCEPT'];
  return app(environ, startResponse);
};

describe.runIf(hasPython)('the environ', () => {
  test('has what middlewares set, in the types of Python', { timeout: SECONDS }, async () => {
    await using front = await Front.open('clauses:application', {}, { multiprocess: true });
    front.server.mount('/the site', setting(front.app));
    const environ = (await front.json('/the%20site/B?x', { headers: ['Accept: x'] })) as Record<
      string,
      string
    >;
    expect(environ).toMatchObject({
      SCRIPT_NAME: '/the site',
      PATH_INFO: '/B',
      // UTF-8 octets as code points: no variable may have others.
      REMOTE_USER: 'Zo\u00c3\u00ab \u00e2\u0082\u00ac',
      LIMIT: '5',
      'auth.admin': true,
      'auth.level': '-7',
      'auth.share': '0.5',
      'auth.name': '\u20ac',
      'wsgi.url_scheme': 'https',
      'wsgi.multiprocess': true,
      HTTPS: 'on',
      types: ['str'],
    });
    expect(environ['long.text']).toBe('\u00e9'.repeat(100_000));
    expect(environ).not.toHaveProperty('auth.object');
    expect(environ).not.toHaveProperty('HTTP_ACCEPT');
  });

  test('has wsgi.early_hints, which does nothing where a middleware has taken it away', {
    timeout: SECONDS,
  }, async () => {
    await using front = await Front.open('clauses:application');
    front.server.mount('/without', (environ, startResponse) => {
      delete (environ as Record<string, unknown>)['wsgi.early_hints'];
      return front.app(environ, startResponse);
    });
    const answer = await front.ask('/without/early');
    expect([answer.status, answer.interim]).toEqual(['200 OK', []]);
    expect((await front.ask('/early')).interim.length).toBe(2);
  });

  test('says wsgi.multithread where there are several threads', { timeout: SECONDS }, async () => {
    await using front = await Front.open('clauses:application', { threads: 2 });
    expect(await front.json('/B')).toMatchObject({ 'wsgi.multithread': true, 'wsgi.multiprocess': false });
  });
});

describe.runIf(hasPython)('one thread', () => {
  test('no answer waits for the next call of the application', { timeout: SECONDS }, async () => {
    await using front = await Front.open('slow:application');
    for (let time = 0; time < 200; time += 1) await front.json('/ping');
    const [fast, slow] = [await front.connect(), await front.connect()];
    const end = received(slow).then(() => 'slow');
    // Both are at the worker at once; the second takes its time.
    fast.write(requestOf('/ping'));
    slow.write(requestOf('/wait?1'));
    const pong = arrives(fast, /pong/).then(() => 'fast');
    expect(await Promise.race([pong, end])).toBe('fast');
    await end;
  });
});
