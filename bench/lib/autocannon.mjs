// The load generator where wrk is not installed. It runs in a process of its own (this file is that program, too), as
// the harness has to stay free to keep its deadlines. Being JavaScript it may be slower than the server it loads: the
// column "busy" shows it.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { run } from './processes.mjs';

const here = fileURLToPath(import.meta.url);

/** @returns {import('./load.mjs').Generator} */
export function autocannon() {
  const manifest = new URL('../node_modules/autocannon/package.json', import.meta.url);
  return {
    title: `autocannon ${JSON.parse(readFileSync(manifest, 'utf8')).version}`,
    async apply(load, port, seconds) {
      return JSON.parse(
        await run(process.execPath, [here, JSON.stringify({ load, port, seconds })], seconds + 15),
      );
    },
  };
}

if (process.argv[1] === here) {
  const { load, port, seconds } = JSON.parse(process.argv[2]);
  const { default: fire } = await import('autocannon');
  const result = await fire({
    url: `http://127.0.0.1:${port}${load.path}`,
    method: load.method,
    headers: load.headers,
    body: load.bodyBytes > 0 ? Buffer.alloc(load.bodyBytes, 'x') : undefined,
    connections: load.connections,
    pipelining: load.pipelined,
    requests:
      load.variants > 1
        ? Array.from({ length: load.variants }, (_, at) => ({ path: load.path.replace('*', String(at)) }))
        : undefined,
    duration: seconds,
  });
  // It counts whole milliseconds, and zero of them is none that it could see.
  const microseconds = milliseconds => (milliseconds > 0 ? milliseconds * 1000 : null);
  process.stdout.write(
    JSON.stringify({
      requests: result.requests.total,
      seconds: result.duration,
      p50: microseconds(result.latency.p50),
      p99: microseconds(result.latency.p99),
      errors: result.errors + result.non2xx,
      cuts: 0,
    }),
  );
}
