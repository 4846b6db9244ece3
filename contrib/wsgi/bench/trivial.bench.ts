// What one request costs at the front and at the worker: the trivial application under load, CPU of both processes from /proc.
//
//   node --conditions=@fapws/source --import tsx bench/trivial.bench.ts [connections] [seconds]
//
// wrk has to be there. CPU per request is the figure that holds on a busy machine; requests per second is not.

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { start } from '@fapws/core';
import { pythonApp } from '../src/index.ts';

const [connections = '64', seconds = '5'] = process.argv.slice(2);

const server = start('127.0.0.1', 0);
const app = pythonApp('trivial:application', {
  chdir: import.meta.dirname,
  python: process.env['PYTHON'] ?? 'python3',
  threads: Number(process.env['THREADS'] ?? 1),
});
server.mount('/', app);
const [address] = await server.listen();
await app.ready;

/** Milliseconds of CPU: user and all. */
function cpu(pid: number): { user: number; all: number } {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
    .replace(/^.*\) /, '')
    .split(' ');
  const [user, system] = [Number(fields[11]) * 10, Number(fields[12]) * 10];
  return { user, all: user + system };
}

const processes = { front: process.pid, worker: app.status().workers[0]?.pid as number };
const url = `http://127.0.0.1:${(address as { port: number }).port}/`;
const load = (time: string): Promise<{ stdout: string }> =>
  promisify(execFile)('wrk', ['-t1', `-c${connections}`, `-d${time}`, url]);

await load('1');
const before = Object.values(processes).map(cpu);
const { stdout } = await load(seconds);
const requests = Number(/(\d+) requests in/.exec(stdout)?.[1]);
console.log(stdout.match(/Requests\/sec:.*|Latency .*|Non-2xx.*|Socket errors.*/g)?.join('\n'));
for (const [at, [name, pid]] of Object.entries(processes).entries()) {
  const now = cpu(pid);
  const then = before[at] as { user: number; all: number };
  const each = (milliseconds: number): string => ((milliseconds * 1000) / requests).toFixed(2);
  console.log(
    `${name}: ${each(now.all - then.all)} µs per request, ${each(now.user - then.user)} µs of it in user space`,
  );
}
await server.stop({ graceMs: 0 });
await app.close();
