// The load generator of choice: one thread of wrk takes less from a core than what it measures.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { run } from './processes.mjs';

const script = fileURLToPath(new URL('wrk.lua', import.meta.url));

/** @returns {import('./load.mjs').Generator | undefined} nothing where wrk is not installed */
export function wrk() {
  const { error, stdout } = spawnSync('wrk', ['-v'], { encoding: 'utf8' });
  if (error) return undefined;
  return {
    title: `wrk ${/\d+\.\d+\.\d+/.exec(stdout)?.[0] ?? 'of unknown version'}`,
    async apply(load, port, seconds) {
      const headers = Object.entries(load.headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
      const output = await run(
        'wrk',
        ['-t1', `-c${load.connections}`, `-d${seconds}s`, '-s', script, ...headers].concat(
          [`http://127.0.0.1:${port}${load.path}`, '--'],
          [load.method, load.bodyBytes, load.pipelined, load.variants].map(String),
        ),
        seconds + 15,
      );
      const result = JSON.parse(/** @type {string} */ (output.trim().split('\n').at(-1)));
      // wrk corrects its latencies for coordinated omission and takes one request in flight per connection for granted:
      // pipelined, the correction makes them meaningless, and sometimes zero.
      const known = load.pipelined === 1 && result.p50 > 0 && result.p99 > 0;
      return known ? result : { ...result, p50: null, p99: null };
    },
  };
}
