// The clients of the soak test, one function per manner: each is one connection from its beginning to its end, and throws when
// the server did not treat it as it must.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Peer } from './peer.mjs';

const get = path => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
const post = (path, length) =>
  `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${length}\r\n\r\n`;
const chunked = path => `POST ${path} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n`;
const BLOCK = 65_536;
const below = end => Math.floor(Math.random() * end);

/** @param {Peer} peer @param {(peer: Peer) => Promise<void>} work */
async function visiting(peer, work) {
  try {
    await work(peer);
  } finally {
    peer.leave();
  }
}

/** @param {(peer: Peer) => Promise<void>} work @returns {(port: number) => Promise<void>} a client that always leaves in the end */
const client = work => async port => visiting(await Peer.connect(port), work);

async function expectHello(peer, path = '/hello', content = 'Hello World!!') {
  assert.deepEqual(await peer.answer(), { status: 200, content }, path);
}

/** How many of each there are at a time, and what they do. @type {Record<string, { count: number, visit: (port: number) => Promise<void> }>} */
export const clients = {
  'keep-alive': {
    count: 8,
    visit: client(async peer => {
      for (let request = 0; request < 100; request += 1) {
        peer.send(get('/hello'));
        await expectHello(peer);
        await sleep(5);
      }
    }),
  },
  pipelines: {
    count: 4,
    visit: client(async peer => {
      for (let round = 0; round < 10; round += 1) {
        peer.send(`${get('/hello')}${get('/later')}`.repeat(8));
        for (let answer = 0; answer < 8; answer += 1) {
          await expectHello(peer);
          await expectHello(peer, '/later', 'later');
        }
        await sleep(50);
      }
    }),
  },
  uploads: {
    count: 3,
    visit: client(async peer => {
      const length = below(1_000_000);
      peer.send(post('/count', length));
      peer.send(Buffer.alloc(length, 'u'));
      assert.deepEqual(await peer.answer(), { status: 200, content: String(length) });
      peer.send(chunked('/count'));
      for (let chunk = 0; chunk < 20; chunk += 1) peer.send(`3e8;a=b\r\n${'c'.repeat(1000)}\r\n`);
      peer.send('0\r\nX-Sum: 1\r\n\r\n');
      assert.deepEqual(await peer.answer(), { status: 200, content: '20000' });
    }),
  },
  'uploads that break off': {
    count: 3,
    visit: client(async peer => {
      peer.send(post(Math.random() < 0.5 ? '/count' : '/echo', 1_000_000));
      peer.send(Buffer.alloc(below(500_000), 'u'));
      await sleep(below(30));
      if (Math.random() < 0.5) peer.reset();
    }),
  },
  'content that nobody reads': {
    count: 2,
    visit: client(async peer => {
      peer.send(post('/fails', 30_000));
      peer.send(Buffer.alloc(30_000, 'u'));
      const { status } = await peer.answer();
      assert.equal(status, 405);
      peer.send(get('/hello'));
      await expectHello(peer);
    }),
  },
  downloads: {
    count: 2,
    visit: client(async peer => {
      peer.countOnly();
      peer.send(get('/blocks/20'));
      await peer.until('20 blocks', () => peer.octets > 20 * BLOCK);
    }),
  },
  'downloads that break off': {
    count: 3,
    visit: client(async peer => {
      peer.countOnly();
      peer.send(get(Math.random() < 0.8 ? '/blocks/200' : '/ticks'));
      const enough = below(400_000);
      await peer.until('the beginning', () => peer.octets > Math.min(enough, 500));
      if (Math.random() < 0.5) peer.reset();
    }),
  },
  'slow senders': {
    count: 10,
    visit: client(async peer => {
      for (const part of get('/hello').match(/[\s\S]{1,5}/g) ?? []) {
        peer.send(part);
        await sleep(40);
      }
      await expectHello(peer);
    }),
  },
  'slow readers': {
    count: 5,
    visit: client(async peer => {
      peer.countOnly();
      peer.send(get('/blocks/60'));
      while (peer.octets < 60 * BLOCK) {
        assert.ok(!peer.over, 'a slow reader was cut');
        peer.pause();
        await sleep(50);
        peer.resume();
        await sleep(2);
      }
    }),
  },
  'readers that stop': {
    count: 5,
    visit: client(async peer => {
      peer.pause();
      peer.send(get('/blocks/400'));
      await sleep(7000);
      peer.resume();
      await peer.untilOver();
      assert.ok(peer.octets < 400 * BLOCK, 'a reader that stopped has got everything');
    }),
  },
  'senders that stop': {
    count: 10,
    visit: client(async peer => {
      const whole = Math.random() < 0.5 ? get('/hello') : `${post('/count', 1000)}some`;
      peer.send(whole.slice(0, -1 - below(3)));
      const { status } = await peer.answer();
      assert.equal(status, 408);
      await peer.untilOver();
    }),
  },
  idlers: {
    count: 20,
    visit: client(async peer => {
      peer.send(get('/hello'));
      await expectHello(peer);
      await peer.untilOver();
    }),
  },
  garbage: {
    count: 3,
    visit: client(async peer => {
      peer.send(randomBytes(1 + below(2000)));
      peer.send('\r\n\r\n');
      await peer.untilOver();
      assert.match(peer.received, /^(?:HTTP\/1\.1 (?:400|501|505) |$)/);
    }),
  },
  'connect and leave': {
    count: 3,
    visit: client(async () => {}),
  },
  'failing callbacks': {
    count: 2,
    visit: client(async peer => {
      peer.send(get('/fails'));
      assert.equal((await peer.answer()).status, 500);
      peer.send(get('/breaks'));
      await peer.untilOver();
      assert.ok(!peer.received.endsWith('0\r\n\r\n'), 'a broken answer looks whole');
    }),
  },
  'callbacks that wait for clients to go': {
    count: 5,
    visit: client(async peer => {
      peer.send(get('/waits'));
      await sleep(below(500));
    }),
  },
  'callbacks that take too long': {
    count: 3,
    visit: client(async peer => {
      peer.send(get('/waits'));
      assert.equal((await peer.answer()).status, 503);
      await peer.untilOver();
    }),
  },
};
