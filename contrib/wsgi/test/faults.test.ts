// What goes wrong in a process under load: what the README promises happens, nothing hangs, and those who lose something are those
// whose requests were in flight, counted exactly.

import { readFileSync } from 'node:fs';
import { isAlive, Program } from '@fapws/testing';
import { describe, expect, test } from 'vitest';
import type { PythonOptions } from '../src/index.ts';
import { type Answer, Front, hasPython } from './front.ts';
import { Load } from './load.ts';
import { Project } from './project.ts';

const SECONDS = 60_000;

interface Fault {
  readonly what: string;
  readonly application: string;
  readonly options?: PythonOptions;
  /** What the other clients ask for meanwhile. */
  readonly load: string;
  /** Does it. @returns the answer, if it is a request that does it */
  readonly strike: (front: Front) => Promise<Answer | null>;
  readonly status: string | null;
  readonly exit: object;
  /** How many requests it may cost besides the one that does it. */
  readonly others: number;
}

function asking(target: string): (front: Front) => Promise<Answer> {
  return front => front.ask(target);
}

function kill(front: Front): Promise<null> {
  process.kill(front.app.status().workers[0]?.pid as number, 'SIGKILL');
  return Promise.resolve(null);
}

const killed = { signal: 'SIGKILL' };
const faults: readonly Fault[] = [
  {
    what: 'kill -9',
    application: 'supervised:application',
    load: '/sleep?0.01',
    strike: kill,
    status: null,
    exit: { reason: 'crash', ...killed },
    others: 1,
  },
  {
    what: 'kill -9 with threads',
    application: 'supervised:application',
    options: { threads: 3 },
    load: '/sleep?0.01',
    strike: kill,
    status: null,
    exit: { reason: 'crash', ...killed },
    others: 3,
  },
  {
    what: 'kill -9 of a fork',
    application: 'supervised:application',
    options: { preload: true },
    load: '/sleep?0.01',
    strike: kill,
    status: null,
    exit: { reason: 'crash', ...killed },
    others: 1,
  },
  {
    what: 'os._exit()',
    application: 'supervised:application',
    load: '/sleep?0.01',
    strike: asking('/leave?0.1'),
    status: '502 Bad Gateway',
    exit: { reason: 'crash', code: 3 },
    others: 0,
  },
  {
    what: 'a process that takes all memory',
    application: 'supervised:application',
    options: { maxMemory: 120_000_000, gracefulTimeout: 0.5 },
    load: '/sleep?0.01',
    strike: asking('/hog'),
    status: '502 Bad Gateway',
    exit: { reason: 'maxMemory', ...killed },
    others: 0,
  },
  {
    what: 'an endless loop',
    application: 'stuck:application',
    options: { requestTimeout: 1.5 },
    load: '/ping',
    strike: asking('/loop'),
    status: '504 Gateway Timeout',
    exit: { reason: 'timeout', ...killed },
    others: 0,
  },
  {
    what: 'a deadlock',
    application: 'supervised:application',
    options: { requestTimeout: 1.5, threads: 2, gracefulTimeout: 30 },
    load: '/sleep?0.01',
    strike: asking('/deadlock'),
    status: '504 Gateway Timeout',
    exit: { reason: 'timeout', ...killed },
    others: 0,
  },
  {
    what: 'an extension that keeps the interpreter for ever',
    application: 'supervised:application',
    options: { requestTimeout: 1.5 },
    load: '/sleep?0.01',
    strike: asking('/hold'),
    status: '504 Gateway Timeout',
    exit: { reason: 'timeout', ...killed },
    others: 0,
  },
  {
    what: 'garbage on the channel',
    application: 'slow:application',
    load: '/echo?0.01',
    strike: asking('/garbage'),
    status: '502 Bad Gateway',
    exit: { reason: 'crash', ...killed },
    others: 0,
  },
];

describe.runIf(hasPython).concurrent('a fault under load', () => {
  for (const { what, application, options, load: target, strike, status, exit, others } of faults) {
    test(what, { timeout: SECONDS }, async () => {
      await using front = await Front.open(application, { workers: 2, ...options });
      await front.app.ready;
      const load = new Load(front, 6, target);
      await front.until(() => load.answered > 50);
      const answer = await strike(front);
      expect(answer?.status ?? null).toBe(status);
      expect(await front.exits()).toMatchObject(exit);
      // It goes on, with as many processes as before.
      const { answered } = load;
      await front.until(() => load.answered > answered + 50);
      await front.until(
        () => front.app.status().workers.filter(({ state }) => state === 'ready').length === 2,
      );
      await load.stop();
      const { requests } = front.app.status();
      expect(load.failed).toBeLessThanOrEqual(others);
      expect(load.of(502)).toBe(load.failed);
      expect(requests.lost).toBe(load.failed + (status === '502 Bad Gateway' ? 1 : 0));
      expect(requests.timedOut).toBe(status === '504 Gateway Timeout' ? 1 : 0);
      expect(requests.refused + requests.late).toBe(0);
      expect(front.exited).toHaveLength(1);
      expect(front.underWay).toBe(0);
    });
  }
});

describe.runIf(hasPython)('processes that are killed again and again', () => {
  for (const threads of [1, 3]) {
    test(`nothing is done twice, and all that is lost is counted (${threads} threads)`, {
      timeout: SECONDS,
    }, async () => {
      using project = new Project({});
      const marks = project.path('marks');
      await using front = await Front.open('supervised:application', {
        workers: 2,
        threads,
        processEnvironment: { MARKS: marks },
      });
      await front.app.ready;
      let count = 0;
      const load = new Load(front, 16, () => {
        count += 1;
        return `/mark?${count}`;
      });
      for (let round = 1; round <= 5; round += 1) {
        const { answered } = load;
        await front.until(() => load.answered > answered + 100);
        const worker = front.app.status().workers.find(({ state }) => state === 'ready');
        process.kill(worker?.pid as number, 'SIGKILL');
        await front.exits(round);
      }
      await load.stop();
      const { lost } = front.app.status().requests;
      expect(load.of(502)).toBe(lost);
      expect(load.failed).toBe(lost);
      const done = readFileSync(marks, 'latin1').trimEnd().split('\n');
      expect(done.length).toBe(new Set(done).size);
      expect(done.length).toBeGreaterThanOrEqual(load.answered);
      expect(done.length).toBeLessThanOrEqual(load.answered + lost);
    });
  }
});

describe.runIf(hasPython)('the front', () => {
  test('when it is killed its processes end, also those that are busy for ever', {
    timeout: SECONDS,
  }, async () => {
    await using program = Program.fromSource(`${import.meta.dirname}/programs/several.ts`);
    const origin = await program.origin();
    const pids = (await (await fetch(`${origin}/pids`)).json()) as number[];
    expect(pids).toHaveLength(3);
    for (const target of ['/loop', '/deadlock']) {
      // Nobody will answer.
      fetch(`${origin}${target}`).catch(() => {});
      await program.prints(new RegExp(`GET ${target}: begun`));
    }
    await program.end('SIGKILL');
    const late = Date.now() + 20_000;
    while (pids.some(isAlive)) {
      if (Date.now() > late)
        throw new Error(`late: of ${pids.join(', ')} there are ${pids.filter(isAlive).join(', ')}`);
      await new Promise(resolve => setTimeout(resolve, 50));
    }
  });
});
