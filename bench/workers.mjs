// One process and several, for README.md: `pnpm --dir bench workers [--publish] [--rounds N]`.
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { chooseGenerator, defineLoad } from './lib/load.mjs';
import { describeCommit, describeMachine, describeVersions } from './lib/machine.mjs';
import { publish } from './lib/page.mjs';
import { startServer } from './lib/processes.mjs';
import { cpuMicroseconds, residentMemory } from './lib/resources.mjs';
import { median } from './lib/statistics.mjs';
import { forMarkdown, forTerminal } from './lib/table.mjs';
import { latency, mebibytes, number, percent } from './lib/wording.mjs';

const SECONDS = 2;

const { values: options } = parseArgs({
  args: process.argv.slice(2).filter(arg => arg !== '--'),
  options: { rounds: { type: 'string', default: '5' }, publish: { type: 'boolean' } },
});
const ROUNDS = Number(options.rounds);

const [major, minor] = process.versions.node.split('.').map(Number);
const canReusePort = major > 22 || (major === 22 && minor >= 12);

const contestant = (title, way, count) => ({
  name: `${way}-${count}`,
  title,
  program: 'workers.mjs',
  packages: ['@fapws/core', '@fapws/workers'],
  env: { WAY: way, WORKERS: String(count) },
});
const contestants = [
  contestant('one process, no primary', 'alone', 1),
  contestant('1 worker', 'shared', 1),
  contestant('2 workers', 'shared', 2),
  ...(canReusePort ? [contestant('2 workers, `reusePort`', 'reuse-port', 2)] : []),
  contestant('2 processes of node:cluster', 'cluster', 2),
];

const loads = [
  ['Hello, 64 connections', defineLoad({ path: '/hello' })],
  ['Computing for about 0.1 ms, 64 connections', defineLoad({ path: '/compute' })],
  ['Computing, 8 connections', defineLoad({ path: '/compute', connections: 8 })],
  [
    'A connection per request',
    defineLoad({ path: '/hello', headers: { Connection: 'close' }, oncePerConnection: true }),
  ],
];

/** Where the work is done: the processes that a primary has started, or itself. */
function servingProcesses(pid) {
  const children = readdirSync(`/proc/${pid}/task`).flatMap(thread =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, 'latin1').split(' ').filter(Boolean).map(Number),
  );
  return children.length > 0 ? children : [pid];
}

async function measure(server, load, generator) {
  const serving = servingProcesses(server.pid);
  const before = serving.map(cpuMicroseconds);
  const all = cpuMicroseconds(server.pid);
  const result = await generator.apply(load, server.port, SECONDS);
  server.assertAlive();
  const failures = result.errors + (load.oncePerConnection ? 0 : result.cuts);
  if (failures > 0) throw new Error(`${server.contestant.title}: ${failures} failed requests`);
  const shares = serving.map((pid, index) => cpuMicroseconds(pid) - before[index]);
  return {
    rate: result.requests / result.seconds,
    cost: (cpuMicroseconds(server.pid) - all) / result.requests,
    p99: result.p99,
    busiest: Math.max(...shares) / shares.reduce((sum, share) => sum + share, 0),
    memory: residentMemory(server.pid),
  };
}

const generator = chooseGenerator();
const servers = [];
try {
  for (const one of contestants) servers.push(await startServer(one));
  const tables = [];
  for (const [title, load] of loads) {
    const rounds = new Map(servers.map(server => [server, []]));
    for (const server of servers) await generator.apply(load, server.port, 1);
    for (let round = 0; round < ROUNDS; round += 1) {
      // A B, then B A: whatever drifts, drifts for all.
      for (const server of round % 2 === 0 ? servers : servers.toReversed()) {
        rounds.get(server).push(await measure(server, load, generator));
      }
    }
    const table = [['', 'requests/s', 'CPU per request, µs', 'p99', 'busiest process', 'resident memory']];
    for (const [{ contestant }, results] of rounds) {
      const of = key => median(results.map(result => result[key]));
      table.push([
        contestant.title,
        number(of('rate')),
        number(of('cost')),
        latency(results.some(({ p99 }) => p99 === null) ? null : of('p99')),
        percent(of('busiest')),
        mebibytes(of('memory')),
      ]);
    }
    tables.push([title, table]);
    process.stdout.write(`${title}\n${forTerminal(table)}\n\n`);
  }
  if (options.publish) {
    const { cpu, cores, memory, kernel } = describeMachine();
    const versions = Object.entries(describeVersions(contestants)).map(
      ([name, version]) => `${name} ${version}`,
    );
    const date = new Date().toISOString().slice(0, 10);
    publish(
      'workers',
      [
        `Measured on ${date} at ${describeCommit()} with \`pnpm --dir bench workers\`, medians of ${ROUNDS} rounds of ${SECONDS} s, load by ${generator.title} with one thread beside the servers on ${availableParallelism()} cores: ${cpu}, ${cores} cores, ${memory}, ${kernel}; ${versions.join(', ')}.`,
        ...tables.map(([title, table]) => `**${title}**\n\n${forMarkdown(table)}`),
      ]
        .join('\n\n')
        .concat('\n'),
    );
  }
} finally {
  for (const server of servers) await server.stop();
}
