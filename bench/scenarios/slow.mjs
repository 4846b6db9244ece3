// What slow clients cost: a thousand that send by the octet and a thousand that hardly read, and how others fare beside them.
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { bareGet, exchange } from '../lib/client.mjs';
import { run, startServer } from '../lib/processes.mjs';
import { residentMemory } from '../lib/resources.mjs';
import { defineSampleScenario } from '../lib/scenario.mjs';
import { Peer } from '../soak/peer.mjs';
import { hello } from './hello.mjs';

const paced = fileURLToPath(new URL('../lib/paced.mjs', import.meta.url));

const SENDERS = 1000;
const READERS = 1000;
const AT_ONCE = 100;
/** Between two octets of a sender. Milliseconds. */
const DRIP = 500;
/** Between two reads of a reader, of up to 64 KiB each. Milliseconds. */
const SIP = 4000;
/** How often it is some client's turn: each has its own moment, or all of them together would be one fast client. */
const TURN = 10;
/** Answers of 64 KiB that a reader has asked for: more than the kernel takes off the server's hands. */
const ASKED = 64;
/** For the kernel's buffers to fill. Milliseconds. */
const SETTLE = 2000;

/** Those beside whom the slow ones are: so many connections, a request each so often. */
const OTHERS = 32;
const PERIOD = 20;
const SECONDS = 4;

class SlowClients {
  /** @type {Peer[]} */
  #peers = [];
  #dripping;

  async arrive(port) {
    const senders = Array.from({ length: SENDERS }, (_, at) =>
      // Half of them within the head, half within the content.
      at % 2 === 0
        ? 'GET /hello HTTP/1.1\r\nHost: localhost\r\nX: '
        : 'POST /upload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n',
    );
    const readers = Array.from({ length: READERS }, () => bareGet('/stream').repeat(ASKED));
    // The readers first: while their answers fill the kernel's buffers, no sender's time for its head runs.
    for (const [requests, reads] of [
      [readers, true],
      [senders, false],
    ]) {
      if (!reads) await sleep(SETTLE);
      for (let at = 0; at < requests.length; at += AT_ONCE) {
        const arriving = requests.slice(at, at + AT_ONCE).map(async request => {
          const peer = await Peer.connect(port);
          peer.countOnly();
          if (reads) peer.pause();
          peer.send(request);
          return peer;
        });
        this.#peers.push(...(await Promise.all(arriving)));
      }
    }
    const sending = inTurn(this.#peers.slice(READERS), DRIP);
    const reading = inTurn(this.#peers.slice(0, READERS), SIP);
    this.#dripping = setInterval(() => {
      for (const peer of sending()) peer.send('x');
      for (const peer of reading()) {
        peer.resume();
        // After one read.
        setImmediate(() => peer.pause());
      }
    }, TURN);
  }

  assertThere() {
    const gone = this.#peers.filter(peer => peer.over).length;
    assert.equal(gone, 0, `the server hung up on ${gone} slow clients before the measurement was over`);
  }

  leave() {
    clearInterval(this.#dripping);
    for (const peer of this.#peers) peer.leave();
  }
}

/** Those of `peers` whose turn it is, so that each has one per `period`. */
function inTurn(peers, period) {
  const began = performance.now();
  let done = 0;
  return () => {
    const due = Math.floor(((performance.now() - began) / period) * peers.length);
    const turn = [];
    for (; done < due; done += 1) turn.push(peers[done % peers.length]);
    return turn;
  };
}

/** What well-behaved clients notice. @returns {Promise<{ p50: number, p99: number }>} */
async function latencies(port) {
  const args = [paced, port, OTHERS, PERIOD, SECONDS].map(String);
  return JSON.parse(await run(process.execPath, args, SECONDS + 15));
}

/**
 * @typedef {object} Beside
 * @property {number} p50 microseconds
 * @property {number} p99 microseconds
 * @property {number} memory resident, in bytes
 */

/**
 * @param {import('../contestants.mjs').Contestant} contestant
 * @param {import('../lib/pinning.mjs').Cores} [cores]
 * @returns {Promise<{ alone: Beside, elsewhere: Beside, beside: Beside }>} the others without slow clients, with slow clients
 *   at another server of the same kind on the same core, and beside them. What the second adds to the first is the machine's.
 */
export async function measureSlow(contestant, cores) {
  const server = await startServer(contestant, cores?.server);
  const look = async () => {
    // The first look is there to settle what was new: code to compile, the garbage of those who arrived.
    await latencies(server.port);
    return { ...(await latencies(server.port)), memory: residentMemory(server.pid) };
  };
  const lookBeside = async port => {
    const slow = new SlowClients();
    try {
      await slow.arrive(port);
      const seen = await look();
      slow.assertThere();
      return seen;
    } finally {
      slow.leave();
    }
  };
  try {
    await exchange(server.port, bareGet('/stream'), received => received.endsWith('0\r\n\r\n'));
    const alone = await look();
    const another = await startServer(contestant, cores?.server);
    const elsewhere = await lookBeside(another.port).finally(() => another.stop());
    const beside = await lookBeside(server.port);
    server.assertAlive();
    return { alone, elsewhere, beside };
  } finally {
    await server.stop();
  }
}

const common = { check: hello.check, roundsAtMost: 3, servers: ['fapws', 'node-http'] };

export const slowMemory = defineSampleScenario({
  ...common,
  name: 'slow',
  title: 'Memory of a slow client',
  shows: `How much resident memory grows by ${SENDERS} slow senders and ${READERS} slow readers, per client.`,
  quantity: 'memory per connection',
  unit: 'B',
  async measure(contestant, cores) {
    const { alone, beside } = await measureSlow(contestant, cores);
    return Math.max(0, beside.memory - alone.memory) / (SENDERS + READERS);
  },
});

export const slowLatency = defineSampleScenario({
  ...common,
  name: 'slow-p99',
  title: 'p99 beside slow clients',
  shows: `The p99 of ${OTHERS} clients with a request every ${PERIOD} ms each, beside ${SENDERS} slow senders and ${READERS} slow readers.`,
  quantity: 'p99',
  unit: 'µs',
  measure: async (contestant, cores) => (await measureSlow(contestant, cores)).beside.p99,
});
