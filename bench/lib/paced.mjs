// A program of its own, so that nothing else of the harness delays its clock: well-behaved clients, each with a request at a
// steady pace. `node paced.mjs PORT CONNECTIONS PERIOD SECONDS` prints p50 and p99 in microseconds as JSON.
import { setTimeout as sleep } from 'node:timers/promises';
import { Peer } from '../soak/peer.mjs';
import { HELLO } from './answers.mjs';
import { bareGet } from './client.mjs';

const [port, connections, period, seconds] = process.argv.slice(2).map(Number);
const measured = [];
const until = performance.now() + seconds * 1000;

async function work(number) {
  const peer = await Peer.connect(port);
  // Spread over the period, and not later because an answer was late.
  for (let due = performance.now() + (number * period) / connections; due < until; due += period) {
    await sleep(Math.max(0, due - performance.now()));
    const asked = performance.now();
    peer.send(bareGet('/hello'));
    await peer.content(HELLO.length);
    measured.push((performance.now() - asked) * 1000);
  }
  peer.leave();
}

await Promise.all(Array.from({ length: connections }, (_, number) => work(number)));
measured.sort((a, b) => a - b);
const quantile = part => measured[Math.floor((measured.length - 1) * part)];
process.stdout.write(`${JSON.stringify({ p50: quantile(0.5), p99: quantile(0.99) })}\n`);
