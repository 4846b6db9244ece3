// The slow layer: cases over real sockets, many clients at a time, against a server in a process of its own. Here resets are
// resets, clients pause and leave, and what the process still holds afterwards can be counted.

import { connect, type NetConnectOpts, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { defaultLimits } from '../src/http/limits.ts';
import { type Case, clientsOf, makeCase, mannerOf, octetsOf, type Step } from './cases.ts';
import type { Finds } from './finds.ts';
import { judge, mayBreakOff, Violation } from './judge.ts';
import { Random } from './random.ts';
import { ServerProcess } from './server-process.ts';

/** How many cases run at a time, and after how many rounds of them the process has to be at rest. */
const AT_ONCE = 24;
const ROUNDS = 4;
/** When a client has not come to its end, something is wrong: longer than all timeouts of child.ts. Milliseconds. */
const PATIENCE = 12_000;
/** A client whose steps took so long may have met a timeout. Milliseconds. */
const SLOW = 600;
/** A case is tried as often when it is run again: what depends on time does not fail each time. */
const ATTEMPTS = 3;

class SocketClient {
  readonly #socket: Socket;
  readonly #received: Buffer[] = [];
  readonly #closed: Promise<void>;
  #isReset = false;
  #finished = false;
  #first = 0;
  #last = 0;

  constructor(address: NetConnectOpts) {
    this.#socket = connect({ ...address, allowHalfOpen: true, noDelay: true });
    this.#socket.on('data', octets => this.#received.push(octets));
    this.#socket.on('error', () => {
      this.#isReset = true;
    });
    // The server has said its last word.
    this.#socket.on('end', () => this.#socket.end());
    this.#closed = new Promise(resolve => this.#socket.on('close', () => resolve()));
    this.#first = Date.now();
  }

  take(step: Exclude<Step, { do: 'rest' | 'wait' | 'stop' }>): void {
    this.#last = Date.now();
    const socket = this.#socket;
    switch (step.do) {
      case 'send':
        if (!this.#finished && socket.writable) socket.write(step.octets, 'latin1');
        break;
      case 'finish':
        this.#finished = true;
        socket.end();
        break;
      case 'break':
        this.#finished = true;
        // A unix socket knows no reset.
        if (socket.remoteFamily === undefined) socket.destroy();
        else socket.resetAndDestroy();
        break;
      case 'hold':
        socket.pause();
        break;
      case 'take':
        socket.resume();
    }
  }

  /** @throws {Violation} */
  async end(): Promise<void> {
    this.#socket.resume();
    const late = Symbol('late');
    const timer = new AbortController();
    const first = await Promise.race([
      this.#closed,
      sleep(PATIENCE, late, { signal: timer.signal }).catch(() => {}),
    ]);
    timer.abort();
    this.#socket.destroy();
    if (first === late)
      throw new Violation(`a connection has no end; received ${JSON.stringify(this.received.slice(-300))}`);
  }

  get received(): string {
    return Buffer.concat(this.#received).toString('latin1');
  }

  get ending(): 'closed' | 'reset' {
    return this.#isReset ? 'reset' : 'closed';
  }

  get wasSlow(): boolean {
    return this.#last - this.#first > SLOW;
  }
}

/** @throws {Violation} */
async function runOnce(made: Case, server: ServerProcess): Promise<void> {
  const wasStopped = server.watch();
  const clients = new Map<number, SocketClient>();
  for (const step of made.steps) {
    if (step.do === 'rest') await sleep(2);
    else if (step.do === 'wait') await sleep(step.milliseconds);
    else if (step.do === 'stop') await server.replace();
    else {
      const client = clients.get(step.client) ?? new SocketClient(server.address(made.unix === true));
      clients.set(step.client, client);
      client.take(step);
      // So that two parts are not one read.
      if (step.do === 'send') await new Promise(resolve => setImmediate(resolve));
    }
  }
  for (const number of clientsOf(made)) {
    const client = clients.get(number) as SocketClient;
    await client.end();
    const manner = mannerOf(made, number);
    const sent = octetsOf(made, number);
    // Others run at the same time, and may have had the server stopped.
    const stops = manner.stops || wasStopped();
    // What comes for a connection that was closed meanwhile resets it, and answers that were not read yet are lost.
    const isLost = stops && client.ending === 'reset';
    judge({
      sent,
      received: client.received,
      ending: client.ending,
      manner: {
        ...manner,
        stops,
        cutShort: manner.cutShort || client.wasSlow || isLost || mayBreakOff(sent, defaultLimits),
      },
      limits: defaultLimits,
    });
  }
}

/** Runs a case against a server of its own, a few times. @throws {Violation} */
export async function runOverSockets(made: Case): Promise<void> {
  const server = await ServerProcess.start();
  try {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      await runOnce(made, server);
      await server.rest();
    }
  } finally {
    server.stop();
  }
}

export async function fuzzSockets(seed: number, seconds: number, most: number, finds: Finds): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  let server = await ServerProcess.start();
  let cases = 0;
  while (Date.now() < deadline && finds.count < most) {
    const first = cases;
    const run: Case[] = [];
    try {
      await Promise.all(
        Array.from({ length: AT_ONCE }, async () => {
          for (let round = 0; round < ROUNDS && Date.now() < deadline; round += 1) {
            const number = cases++;
            const made = makeCase(new Random(seed, 1, number), 'sockets');
            run.push(made);
            try {
              await runOnce(made, server);
            } catch (error) {
              if (server.hasEnded) return;
              await finds.add(made, error, runOverSockets, `seed ${seed}, sockets ${number}`);
            }
          }
        }),
      );
      await server.rest();
    } catch (error) {
      // Which of them it was is for the shrinking to find out.
      await finds.add(together(run), error, runOverSockets, `seed ${seed}, sockets ${first} to ${cases}`);
      server.stop();
      server = await ServerProcess.start();
    }
  }
  server.stop();
  const [early = 0, late = 0] = [server.heaps[1], server.heaps.at(-1)];
  console.log(
    `fuzz: over sockets ${cases} cases; heap at rest ${(late / 1024 ** 2).toFixed(1)} MiB, at the beginning ${(early / 1024 ** 2).toFixed(1)}`,
  );
}

/** Several cases as one. */
function together(cases: readonly Case[]): Case {
  const steps = cases.flatMap((made, at) =>
    made.steps.map(step => ('client' in step ? { ...step, client: step.client + at * 10 } : step)),
  );
  return { layer: 'sockets', limits: {}, steps };
}
