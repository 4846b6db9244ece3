// What every front has to do with the instances behind it, run for each of them with its own files: what any front passes on,
// and what one has to do that speaks HTTP itself.

import { once } from 'node:events';
import { Agent } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ask, open, whoAmI } from './client.ts';
import { type Front, Site } from './site.ts';

const MEBIBYTE = 1024 ** 2;

/** Field lines that a client sends to be taken for somebody else. */
export const spoofed = {
  'X-Forwarded-For': '192.0.2.66',
  'X-Forwarded-Proto': 'https',
  'X-Forwarded-Host': 'evil.example',
  'X-Forwarded-Port': '4443',
  'X-Forwarded-Prefix': '/evil',
  'X-Real-IP': '192.0.2.66',
  Forwarded: 'for=192.0.2.66;proto=https;host=evil.example',
};

/** For a front of any kind. */
export function passingSuite(front: Front): void {
  describe('what passes through it', () => {
    let site: Site;

    beforeAll(async () => {
      site = await Site.start(front);
    });
    afterAll(async () => {
      await site?.[Symbol.asyncDispose]();
    });

    test('passes uploads of both kinds of framing', async () => {
      const body = Buffer.alloc(10 * MEBIBYTE, 'a');
      const counted = await ask(`${site.origin}/upload`, {
        method: 'POST',
        headers: { 'Content-Length': body.length },
        body,
      });
      expect(counted).toMatchObject({ status: 200, text: `{"octets":${body.length}}\n` });
      const chunked = await ask(`${site.origin}/upload`, {
        method: 'PUT',
        headers: { 'Transfer-Encoding': 'chunked' },
        body,
      });
      expect(chunked).toMatchObject({ status: 200, text: `{"octets":${body.length}}\n` });
    });

    test.each(['Content-Length', 'Transfer-Encoding'])(
      'passes the 413 of an instance on to a client that announces by %s',
      async framing => {
        const body = Buffer.alloc(12 * MEBIBYTE, 'a');
        for (let time = 0; time < 5; time += 1) {
          const refused = await ask(`${site.origin}/note`, {
            method: 'POST',
            headers: { [framing]: framing === 'Content-Length' ? body.length : 'chunked' },
            body,
          });
          expect(refused.status).toBe(413);
          // The page of the instance, and not one that the front makes up.
          expect(refused.text).toMatch(/^413 /);
        }
        expect((await whoAmI(site.origin)).path).toBe('/whoami');
      },
    );

    test('passes a large download on, whole', async () => {
      const octets = 100 * MEBIBYTE;
      const response = await open(`${site.origin}/download?octets=${octets}`);
      let received = 0;
      for await (const chunk of response) received += (chunk as Buffer).length;
      expect(received).toBe(octets);
    });

    test('passes each event of a stream on when it is made', async () => {
      const response = await open(`${site.origin}/ticks?ticks=3&ms=300`);
      const times: number[] = [];
      for await (const chunk of response) {
        for (const _event of String(chunk).matchAll(/^data:/gm)) times.push(performance.now());
      }
      expect(times).toHaveLength(3);
      expect((times[2] as number) - (times[0] as number)).toBeGreaterThan(300);
    });

    test('a client that leaves a stream ends it at the instance', async () => {
      const response = await open(`${site.origin}/ticks?ticks=1000&ms=50`);
      await once(response, 'data');
      response.destroy();
      await Promise.any(
        [...site.instances.values()].map(instance => instance.prints(/ticks: the client left/)),
      );
    });

    test('clients that take their answers slowly are no trouble to the others', async () => {
      const octets = 20 * MEBIBYTE;
      const slow = await Promise.all(
        Array.from({ length: 20 }, () => open(`${site.origin}/download?octets=${octets}`)),
      );
      for (const response of slow) response.pause();
      const began = performance.now();
      for (let request = 0; request < 20; request += 1) await whoAmI(site.origin);
      expect(performance.now() - began).toBeLessThan(5000);
      const received = await Promise.all(
        slow.map(async response => {
          let count = 0;
          for await (const chunk of response) count += (chunk as Buffer).length;
          return count;
        }),
      );
      expect(received).toEqual(slow.map(() => octets));
    });

    test('a client that sends slowly is answered', async () => {
      const socket = connect(Number(new URL(site.origin).port), '127.0.0.1');
      try {
        for (const part of [
          'POST /upload HT',
          'TP/1.1\r\nHost: a.example\r\nConnection: close\r\n',
          'Content-Length: 6\r\n\r\nfa',
          'pw',
          's\n',
        ]) {
          socket.write(part);
          await sleep(150);
        }
        let answer = '';
        for await (const chunk of socket) answer += String(chunk);
        expect(answer).toMatch(/^HTTP\/1.1 200 [\s\S]*\{"octets":6\}/);
      } finally {
        socket.destroy();
      }
    });

    test('asks the other instance when one is gone', async () => {
      await site.instance('one').end('SIGKILL');
      try {
        for (let request = 0; request < 20; request += 1) {
          expect((await whoAmI(site.origin)).instance).toBe('two');
        }
      } finally {
        site.start('one');
        await site.ready('one');
      }
    });
  });
}

/** For a front that makes requests of its own. */
export function httpFrontSuite(front: Front): void {
  describe('what it does as one that speaks HTTP', () => {
    let site: Site;

    beforeAll(async () => {
      site = await Site.start(front);
    });
    afterAll(async () => {
      await site?.[Symbol.asyncDispose]();
    });

    test('tells the client, the scheme, the host and the path as they are out there', async () => {
      const host = new URL(site.origin).host;
      expect(await whoAmI(site.origin, { from: '127.0.0.9' })).toMatchObject({
        client: '127.0.0.9',
        scheme: 'http',
        host,
        path: '/whoami',
      });
      expect((await whoAmI(site.origin, { headers: { Host: 'shop.example' } })).host).toBe('shop.example');
    });

    test('believes nothing that a client says about itself', async () => {
      const honest = await whoAmI(site.origin, { from: '127.0.0.9' });
      const liar = await whoAmI(site.origin, { from: '127.0.0.9', headers: spoofed });
      const { instance: _instance, peer: _peer, ...seen } = honest;
      expect(liar).toMatchObject(seen);
    });

    test('believes nothing that comes to an instance around the front', async () => {
      const direct = `http://127.0.0.1:${site.ports.one}`;
      // The test runs on the machine of the front; another address of it is a stranger all the same.
      const answer = await ask(`${direct}/whoami`, { from: '127.0.0.9', headers: spoofed });
      expect(answer.status).toBe(200);
      expect(JSON.parse(answer.text)).toMatchObject({ client: '127.0.0.9', scheme: 'http', path: '/whoami' });
    });

    test('keeps its connections to the instances, also for clients that keep none', async () => {
      const peers = new Set<string>();
      for (let request = 0; request < 100; request += 1) peers.add((await whoAmI(site.origin)).peer);
      // One at a time: each worker process of the front needs one connection per instance.
      expect(peers.size).toBeLessThanOrEqual(16);
    });

    test('shares few connections among many clients that keep theirs', async () => {
      const agents = Array.from({ length: 50 }, () => new Agent({ keepAlive: true, maxSockets: 1 }));
      try {
        const peers = new Set<string>();
        for (let round = 0; round < 4; round += 1) {
          for (const agent of agents) peers.add((await whoAmI(site.origin, { agent })).peer);
        }
        expect(peers.size).toBeLessThanOrEqual(16);
      } finally {
        for (const agent of agents) agent.destroy();
      }
    });

    test('shows the health of the instances to nobody outside', async () => {
      expect((await ask(`${site.origin}/health`)).status).toBe(404);
    });
  });
}
