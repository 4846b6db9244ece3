// What a front tells by the PROXY protocol, and what an instance does with connections that do not begin with it.

import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ask, whoAmI } from './client.ts';
import { spoofed } from './front.suite.ts';
import { type Front, Site, type SiteOptions } from './site.ts';

/** Sends octets to a port, from an address, and resolves with all that comes back. */
async function exchange(port: number, from: string, octets: string): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', localAddress: from });
  let answer = '';
  socket.setEncoding('utf8').on('data', (text: string) => {
    answer += text;
  });
  // An end without an answer may come as a reset.
  socket.on('error', () => {});
  socket.write(octets);
  await once(socket, 'close', { signal: AbortSignal.timeout(10_000) });
  return answer;
}

const question = 'GET /whoami HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n';
const header = 'PROXY TCP4 192.0.2.66 192.0.2.1 1234 443\r\n';

export function proxyProtocolSuite(
  front: Front,
  { version, replacements }: SiteOptions & { version?: number } = {},
): void {
  describe(`what it tells by the PROXY protocol${version === undefined ? '' : `, version ${version}`}`, () => {
    let site: Site;

    beforeAll(async () => {
      site = await Site.start(front, replacements === undefined ? {} : { replacements });
    });
    afterAll(async () => {
      await site?.[Symbol.asyncDispose]();
    });

    test('is the address of the client', async () => {
      const host = new URL(site.origin).host;
      expect(await whoAmI(site.origin, { from: '127.0.0.9' })).toMatchObject({
        client: '127.0.0.9',
        scheme: 'http',
        host,
      });
    });

    test('is not what the client says in header fields', async () => {
      const seen = await whoAmI(site.origin, { from: '127.0.0.9', headers: spoofed });
      expect(seen).toMatchObject({ client: '127.0.0.9', scheme: 'http', path: '/whoami' });
      expect(seen.host).toBe(new URL(site.origin).host);
    });

    test('is believed from the front only', async () => {
      const answer = await exchange(site.ports.one, '127.0.0.9', header + question);
      // To the instance it is a request with a method called PROXY.
      expect(answer).toMatch(/^HTTP\/1.1 501 /);
    });

    test('is demanded from the front', async () => {
      expect(await exchange(site.ports.one, '127.0.0.1', question)).toBe('');
    });

    test('is not needed by others, whose own address is taken', async () => {
      const answer = await ask(`http://127.0.0.1:${site.ports.one}/whoami`, { from: '127.0.0.9' });
      expect(JSON.parse(answer.text)).toMatchObject({ client: '127.0.0.9' });
    });
  });
}
