// What one request costs at the front and at the worker: the trivial application under load, CPU of both processes from /proc.
// Beside it, in turns, a callback of the front's own that awaits and answers the same: what is more is the way to Python.
//
//   node --conditions=@fapws/source --import tsx bench/trivial.bench.ts [connections] [seconds] [rounds]
//
// wrk has to be there. Of several rounds the quietest counts: a neighbour on the machine only ever adds to it. CPU per request is
// the figure that holds on a busy machine; requests per second is not.

import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { start } from '@fapws/core';
import { pythonApp } from '../src/index.ts';

const [connections = '64', seconds = '1', rounds = '9'] = process.argv.slice(2);

const server = start('127.0.0.1', 0, { limits: { connectionsPerAddress: Number.POSITIVE_INFINITY } });
const app = pythonApp('trivial:application', {
  chdir: import.meta.dirname,
  python: process.env['PYTHON'] ?? 'python3',
  threads: Number(process.env['THREADS'] ?? 1),
});
server.mount('/', app);
server.mount('/callback', async (_environ, startResponse) => {
  await null;
  startResponse('200 OK', [
    ['Content-Type', 'text/plain'],
    ['Content-Length', '13'],
  ]);
  return 'Hello, world!';
});
const [address] = await server.listen();
await app.ready;

/** Microseconds of CPU: user and system, and of these in user space, which is counted in ticks of 10 ms. */
function cpu(pid: number): { user: number; all: number } {
  let all = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    all += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'latin1').split(' ')[0]) / 1000;
  }
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
    .replace(/^.*\) /, '')
    .split(' ');
  const [user, system] = [Number(fields[11]), Number(fields[12])];
  return { user: (all * user) / (user + system), all };
}

const url = `http://127.0.0.1:${(address as { port: number }).port}`;

interface Cost {
  all: number;
  user: number;
}
const quietest = new Map<string, Cost>();

async function round(path: string, processes: Record<string, number>, isWarmUp: boolean): Promise<void> {
  const before = Object.values(processes).map(cpu);
  const { stdout } = await promisify(execFile)('wrk', [
    '-t1',
    `-c${connections}`,
    `-d${seconds}`,
    url + path,
  ]);
  if (/Non-2xx|Socket errors/.test(stdout)) throw new Error(stdout);
  const requests = Number(/(\d+) requests in/.exec(stdout)?.[1]);
  for (const [at, [name, pid]] of Object.entries(processes).entries()) {
    const now = cpu(pid);
    const then = before[at] as Cost;
    const cost = { all: (now.all - then.all) / requests, user: (now.user - then.user) / requests };
    if (!isWarmUp && cost.all < (quietest.get(name)?.all ?? Number.POSITIVE_INFINITY))
      quietest.set(name, cost);
  }
}

const worker = app.status().workers[0]?.pid as number;
for (let at = 0; at <= Number(rounds); at += 1) {
  await round('/', { front: process.pid, worker }, at === 0);
  await round('/callback', { 'a callback of the front’s own': process.pid }, at === 0);
}
for (const [name, { all, user }] of quietest) {
  console.log(`${name}: ${all.toFixed(2)} µs per request, ${user.toFixed(2)} µs of it in user space`);
}
await server.stop({ graceMs: 0 });
await app.close();
