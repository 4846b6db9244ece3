// The cookie as it is sent, and what goes with it.

import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { type SessionsOptions, sessionOf, sessions } from '../src/index.ts';
import { app, Browser, visit } from './browser.ts';

describe('the cookie', () => {
  const lineOf = async (options: SessionsOptions, scheme: 'http' | 'https' = 'http'): Promise<string> => {
    const browser = new Browser(options);
    const inner = sessions(browser.options)(visit);
    await browser.send((environ, startResponse) => {
      environ['wsgi.url_scheme'] = scheme;
      return inner(environ, startResponse);
    });
    return browser.lines.join('\n');
  };
  const id = '[A-Za-z0-9_-]{32}';

  test.each<[SessionsOptions['cookie'], 'http' | 'https', string]>([
    [{}, 'http', `session=${id}; Path=/; HttpOnly; SameSite=Lax`],
    [{}, 'https', `session=${id}; Path=/; HttpOnly; SameSite=Lax; Secure`],
    [{ secure: true }, 'http', `session=${id}; Path=/; HttpOnly; SameSite=Lax; Secure`],
    [{ secure: false }, 'https', `session=${id}; Path=/; HttpOnly; SameSite=Lax`],
    [{ prefix: '__Host-' }, 'http', `__Host-session=${id}; Path=/; HttpOnly; SameSite=Lax; Secure`],
    [
      { prefix: '__Secure-', domain: 'example.org', path: '/app' },
      'https',
      `__Secure-session=${id}; Path=/app; Domain=example.org; HttpOnly; SameSite=Lax; Secure`,
    ],
    [{ name: 'sid', sameSite: 'Strict', httpOnly: false }, 'http', `sid=${id}; Path=/; SameSite=Strict`],
    [{ sameSite: 'None', secure: true }, 'http', `session=${id}; Path=/; HttpOnly; SameSite=None; Secure`],
    [{ persistent: true }, 'http', `session=${id}; Max-Age=43200; Path=/; HttpOnly; SameSite=Lax`],
  ])('%j over %s', async (cookie, scheme, expected) => {
    expect(await lineOf({ cookie }, scheme)).toMatch(new RegExp(`^${expected}$`));
  });

  test('is sent with Cache-Control: private, unless the application says otherwise, and Vary: Cookie', async () => {
    const browser = new Browser();
    const response = await browser.send(visit);
    expect([response.header('Cache-Control'), response.header('Vary')]).toEqual(['private', 'Cookie']);
    const again = await browser.send(app(session => session.load()));
    expect([again.header('Cache-Control'), again.header('Vary')]).toEqual([undefined, 'Cookie']);
    const other = await new Browser().send(async (environ, startResponse) => {
      (await sessionOf<{ user: string }>(environ).load()).user = 'a';
      startResponse('200 OK', [
        ['Cache-Control', 'no-store'],
        ['Vary', 'Accept, cookie'],
        ['Set-Cookie', 'theme=dark'],
      ]);
    });
    expect(
      other.headers.filter(([name]) => /^(cache|vary|set-c)/i.test(name)).map(([, value]) => value),
    ).toEqual(['no-store', 'Accept, cookie', 'theme=dark', expect.stringMatching(/^session=/)]);
  });

  test('ids are 192 random bits, and the store has neither them nor what they could be told from', async () => {
    const browser = new Browser();
    const ids = new Set<string>();
    for (let at = 0; at < 200; at += 1) {
      browser.cookies.clear();
      await browser.send(visit);
      ids.add(browser.id as string);
    }
    expect(ids.size).toBe(200);
    const octets = Buffer.concat([...ids].map(id => Buffer.from(id, 'base64url')));
    expect(octets.length).toBe(200 * 24);
    // Each bit is set in about half of them.
    for (let bit = 0; bit < 192; bit += 1) {
      let set = 0;
      for (let at = bit; at < octets.length * 8; at += 192)
        set += ((octets[at >> 3] as number) >> (at & 7)) & 1;
      expect(set).toBeGreaterThan(50);
      expect(set).toBeLessThan(150);
    }
    const stored = JSON.stringify([...browser.store.map]);
    for (const id of ids) {
      expect(stored).not.toContain(id);
      expect(browser.store.map.has(`session:${createHash('sha256').update(id).digest('base64url')}`)).toBe(
        true,
      );
    }
  });
});
