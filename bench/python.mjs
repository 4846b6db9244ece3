// Python's servers on all cores, for README.md: `pnpm --dir bench python [--publish] [--rounds N]`. On one core they are compared by
// `pnpm bench --scenario 'python-*'`.
import { compareOnAllCores } from './lib/all-cores.mjs';
import { defineLoad } from './lib/load.mjs';
import { cpuMicroseconds, residentMemory } from './lib/resources.mjs';
import { latency, mebibytes, number } from './lib/wording.mjs';
import { pythonContestants } from './python-contestants.mjs';

const of = kind => pythonContestants.filter(({ field }) => field === kind);
for (const { runtime } of pythonContestants) runtime();

const hello = defineLoad({ path: '/hello' });

async function measure(server, apply) {
  const before = cpuMicroseconds(server.pid);
  // gunicorn's sync worker ends its connections: cuts are no failures.
  const { errors, requests, seconds, p99 } = await apply();
  if (errors > 0) throw new Error(`${server.contestant.title}: ${errors} failed requests`);
  return {
    rate: requests / seconds,
    cost: (cpuMicroseconds(server.pid) - before) / requests,
    p99,
    memory: residentMemory(server.pid),
  };
}

await compareOnAllCores({
  name: 'python',
  groups: [
    { title: 'Hello, one worker, 64 connections', load: hello, contestants: of('python') },
    { title: 'Hello, two workers, 64 connections', load: hello, contestants: of('python-2') },
    { title: 'Flask’s hello, one worker, 64 connections', load: hello, contestants: of('python-flask') },
  ],
  columns: [
    ['requests/s', median => number(median('rate'))],
    ['CPU per request, µs', (_, least) => number(least('cost'))],
    ['p99', median => latency(median('p99'))],
    ['resident memory', median => mebibytes(median('memory'))],
  ],
  measure,
});
