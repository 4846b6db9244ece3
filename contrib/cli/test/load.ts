// Requests without a pause, by wrk, and what came of them.

import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';

export interface LoadResult {
  readonly requests: number;
  /** What wrk says of sockets and statuses that were not as they should be; empty if all were. */
  readonly failures: string;
}

/** Asks until it is told to stop, a minute at most, over connections that are kept. */
export function load(url: string, connections = 8): { stop(): Promise<LoadResult> } {
  const args = ['--timeout', '30s', '-t', '1', '-c', String(connections), '-d', '60s', url];
  const wrk = spawn('wrk', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const output = text(wrk.stdout);
  return {
    async stop() {
      wrk.kill('SIGINT');
      return resultOf(await output);
    },
  };
}

function resultOf(output: string): LoadResult {
  return {
    requests: Number(/(\d+) requests in/.exec(output)?.[1] ?? Number.NaN),
    failures: output
      .split('\n')
      .filter(line => /Socket errors|Non-2xx/.test(line))
      .join('\n'),
  };
}
