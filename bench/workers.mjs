// One process and several, for README.md: `pnpm --dir bench workers [--publish] [--rounds N]`.
import { readdirSync, readFileSync } from 'node:fs';
import { compareOnAllCores } from './lib/all-cores.mjs';
import { defineLoad } from './lib/load.mjs';
import { cpuMicroseconds, residentMemory } from './lib/resources.mjs';
import { latency, mebibytes, number, percent } from './lib/wording.mjs';

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

async function measure(server, apply, load) {
  const serving = servingProcesses(server.pid);
  const before = serving.map(cpuMicroseconds);
  const all = cpuMicroseconds(server.pid);
  const result = await apply();
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

await compareOnAllCores({
  name: 'workers',
  groups: loads.map(([title, load]) => ({ title, load, contestants })),
  columns: [
    ['requests/s', of => number(of('rate'))],
    ['CPU per request, µs', (_, least) => number(least('cost'))],
    ['p99', of => latency(of('p99'))],
    ['busiest process', of => percent(of('busiest'))],
    ['resident memory', of => mebibytes(of('memory'))],
  ],
  measure,
});
