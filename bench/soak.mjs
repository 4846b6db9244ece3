// The soak test: mixed load with everything that clients do to a server, for as long as asked, and whether anything grows.
// README.md tells how to read the result.
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { describeCommit, describeMachine, describeVersions } from './lib/machine.mjs';
import { publish } from './lib/page.mjs';
import { startServer } from './lib/processes.mjs';
import { trend } from './lib/regression.mjs';
import { forMarkdown, forTerminal } from './lib/table.mjs';
import { mebibytes, number } from './lib/wording.mjs';
import { clients } from './soak/clients.mjs';

const USAGE = `Usage: pnpm soak [--minutes N] [--publish]

  --minutes N   how long (default 10)
  --publish     writes the result to bench/README.md`;

const SAMPLE_SECONDS = 5;
/** Between two visits of a client, on average: the load must leave the machine some time. Milliseconds. */
const PAUSE = 100;
/** The part of the run in which caches still fill and code is still compiled. */
const WARM_UP = 0.2;
/** A shorter run is all warm-up, and its trends say nothing. */
const SHORTEST_TO_JUDGE = 5;
/** After the last client the server has so long to forget it: longer than its timeouts. Seconds. */
const COOL_DOWN = 15;
const MEBIBYTE = 1024 ** 2;
/** Growth that is called growth: more than this, beyond the error of the measurement. MiB per hour. */
const tolerance = { heapUsed: 6, rss: 60 };
const memories = [
  ['heapUsed', 'heap in use after collection'],
  ['rss', 'resident memory'],
];
const counts = [
  ['connections', 'open connections'],
  ['descriptors', 'file descriptors'],
  ['handles', 'handles'],
];

const fellow = { name: 'soak', title: 'Fapws', packages: ['@fapws/core'], program: '../soak/server.mjs' };

const { minutes, published } = options();

function options() {
  try {
    const { values } = parseArgs({
      args: process.argv.slice(2).filter(arg => arg !== '--'),
      options: { minutes: { type: 'string' }, publish: { type: 'boolean' } },
    });
    const wanted = Number(values.minutes ?? 10);
    if (!(wanted > 0)) throw new Error(`--minutes takes a number above 0, not “${values.minutes}”.`);
    return { minutes: wanted, published: values.publish === true };
  } catch (error) {
    process.stderr.write(`${error.message}\n\n${USAGE}\n`);
    process.exit(2);
  }
}

async function main() {
  const server = await startServer(fellow, undefined);
  try {
    const before = await server.ask('holdings');
    const run = new Run(server);
    await run.soak(minutes * 60);
    await run.coolDown(before);
    report(run, before);
  } finally {
    await server.stop();
  }
}

/** @typedef {Record<'rss' | 'heapUsed' | 'external' | 'handles' | 'connections' | 'descriptors' | 'running' | 'complaints', number> & { at: number, lastComplaint: string }} Sample */

class Run {
  /** @type {Sample[]} */
  samples = [];
  /** The last sample, when all clients are gone. @type {Sample | null} */
  end = null;
  /** Visits by manner of client. @type {Record<string, number>} */
  visits = {};
  /** What went wrong, and how often. @type {Map<string, number>} */
  errors = new Map();
  /** What was not given back. @type {string[]} */
  left = [];
  #server;

  constructor(server) {
    this.#server = server;
  }

  async soak(seconds) {
    const started = Date.now();
    const until = started + seconds * 1000;
    const visiting = Object.entries(clients).flatMap(([name, { count, visit }]) =>
      Array.from({ length: count }, () => this.#visitAgainAndAgain(name, visit, until)),
    );
    while (Date.now() < until) {
      await sleep(Math.min(SAMPLE_SECONDS * 1000, Math.max(0, until - Date.now())));
      this.#server.assertAlive();
      await this.#sample(started);
    }
    await Promise.all(visiting);
    if (process.stdout.isTTY) process.stdout.write('\r\x1b[K');
  }

  async #visitAgainAndAgain(name, visit, until) {
    while (Date.now() < until) {
      try {
        await visit(this.#server.port);
        this.visits[name] = (this.visits[name] ?? 0) + 1;
      } catch (error) {
        const what = `${name}: ${error.message.split('\n')[0]}`;
        this.errors.set(what, (this.errors.get(what) ?? 0) + 1);
      }
      await sleep(PAUSE * (0.5 + Math.random()));
    }
  }

  async #sample(started) {
    const holdings = await this.#server.ask('holdings');
    this.samples.push({ at: (Date.now() - started) / 3_600_000, ...holdings });
    if (!process.stdout.isTTY) return;
    const { heapUsed, rss, connections } = holdings;
    const seconds = Math.round((Date.now() - started) / 1000);
    process.stdout.write(
      `\r\x1b[K  ${seconds} s, heap ${mebibytes(heapUsed)}, resident ${mebibytes(rss)}, ${connections} connections`,
    );
  }

  /** Nothing may be left when all are gone. */
  async coolDown(before) {
    const more = (now, key, name) => (now[key] > before[key] ? [`${now[key] - before[key]} ${name}`] : []);
    for (let second = 0; ; second += 1) {
      const now = await this.#server.ask('holdings');
      this.end = now;
      this.left = [
        ...more(now, 'connections', 'connections'),
        ...more(now, 'descriptors', 'file descriptors'),
        ...more(now, 'running', 'callbacks'),
      ];
      if (this.left.length === 0 || second === COOL_DOWN) return;
      await sleep(1000);
    }
  }
}

/** @returns {{ rows: string[][], failures: string[] }} */
function judge(run, before) {
  const measured = run.samples.slice(Math.floor(run.samples.length * WARM_UP));
  const highest = key => Math.max(...run.samples.map(sample => sample[key]));
  const failures = [...run.errors].map(([what, times]) => `${what} (${times} times)`);
  if (run.left.length > 0) {
    failures.push(`left behind ${COOL_DOWN} s after the last client: ${run.left.join(', ')}`);
  }
  if (run.end.complaints > 0) {
    failures.push(`the log has ${run.end.complaints} errors, the last one ${run.end.lastComplaint}`);
  }
  const rows = [['', 'at the start', 'highest', 'after all are gone', 'trend, per hour']];
  for (const [key, name] of memories) {
    const sizes = [before[key], highest(key), run.end[key]].map(mebibytes);
    if (measured.length < 3) {
      rows.push([name, ...sizes, '–']);
      continue;
    }
    const { slope, error } = trend(measured.map(sample => [sample.at, sample[key] / MEBIBYTE]));
    rows.push([name, ...sizes, `${slope < 0 ? '−' : '+'}${number(Math.abs(slope))} ± ${number(error)} MiB`]);
    if (minutes >= SHORTEST_TO_JUDGE && slope - error > tolerance[key]) {
      failures.push(`${name} grows by more than ${tolerance[key]} MiB per hour`);
    }
  }
  for (const [key, name] of counts) {
    rows.push([name, String(before[key]), String(highest(key)), String(run.end[key]), '']);
  }
  return { rows, failures };
}

function report(run, before) {
  const { rows, failures } = judge(run, before);
  const visits = Object.values(run.visits).reduce((sum, count) => sum + count, 0);
  const manners = Object.entries(run.visits).map(([name, count]) => `${name} ${number(count)}`);
  const connections = `${number(visits)} connections: ${manners.join(', ')}.`;
  const growth =
    minutes >= SHORTEST_TO_JUDGE
      ? 'Nothing grows beyond the tolerance'
      : `Whether anything grows takes at least ${SHORTEST_TO_JUDGE} minutes to see`;
  const verdict =
    failures.length === 0
      ? `${growth}, nothing is left behind, no unexpected error.`
      : `FAILED: ${failures.join('; ')}.`;
  process.stdout.write(`${forTerminal(rows)}\n\n${connections}\n${verdict}\n`);
  if (published)
    publish('soak', [circumstances(), forMarkdown(rows), connections, `${verdict}\n`].join('\n\n'));
  if (failures.length > 0) process.exitCode = 1;
}

function circumstances() {
  const { cpu, cores, memory, kernel } = describeMachine();
  const versions = Object.entries(describeVersions([fellow])).map(([name, version]) => `${name} ${version}`);
  const date = new Date().toISOString().slice(0, 10);
  return `Measured on ${date} at ${describeCommit()} with \`pnpm soak --minutes ${minutes}\`: ${cpu}, ${cores} cores, ${memory}, ${kernel}; ${versions.join(', ')}.`;
}

await main();
