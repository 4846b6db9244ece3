// What the log adds to a request: combined to a file, beside an application without it. The whole way of a request through core
// is in both, so the difference is the middleware, the line, and its share of writing. `pnpm --filter @fapws/log bench` runs it.

import { closeSync, mkdtempSync, openSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Application, call, type Environ, LazyEnviron, type Outcome } from '@fapws/core';
import { bench, do_not_optimize, run } from 'mitata';
import { type AccessLog, type LogOptions, log } from '../src/index.ts';

const browser = {
  'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  Accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
  'Accept-Language': 'en-GB,en;q=0.7,de;q=0.3',
  'Accept-Encoding': 'gzip, deflate, br, zstd',
  Referer: 'https://example.com/before',
  Connection: 'keep-alive',
  Cookie: 'session=0123456789abcdef0123456789abcdef; theme=dark',
  'Upgrade-Insecure-Requests': '1',
  'Sec-Fetch-Dest': 'document',
  'Sec-Fetch-Mode': 'navigate',
  'Sec-Fetch-Site': 'same-origin',
};

/** An environ as core makes it, as far as it matters here. */
const handler: ProxyHandler<LazyEnviron> = {
  get: (environ, key) => (typeof key === 'string' ? environ.get(key) : undefined),
  set(environ, key, value) {
    environ.set(String(key), value);
    return true;
  },
};

let overTask: (() => void) | null = null;

/** Makes fresh environs of one real request, whose answer is over when `overTask` is called. */
async function environs(): Promise<() => Environ> {
  let parts: ConstructorParameters<typeof LazyEnviron> | undefined;
  class Capturing extends LazyEnviron {
    constructor(...given: ConstructorParameters<typeof LazyEnviron>) {
      super(...given);
      parts = given;
    }
  }
  const hello: Application = (_, startResponse) => {
    startResponse('200 OK', [
      ['Content-Type', 'text/plain'],
      ['Cache-Control', 'no-store'],
    ]);
    return 'Hello World!!';
  };
  await call(hello, { target: '/hello/you?how=well', headers: browser }, { Environ: Capturing });
  if (parts === undefined) throw new Error('the application was not called');
  const [exchange, routed, server] = parts;
  // The real exchange, but its end comes when this program says so.
  const ending = Object.create(exchange, {
    head: { value: exchange.head },
    connection: { value: exchange.connection },
    whenOver: {
      value: (task: () => void) => {
        overTask = task;
      },
    },
    outcome: { get: (): Outcome => exchange.outcome },
  });
  return () => new Proxy(new LazyEnviron(ending, routed, server), handler) as unknown as Environ;
}

const environOf = await environs();
const startResponse = (() => () => undefined) as never;
const application: Application = () => 'Hello World!!';

const folder = mkdtempSync(join(tmpdir(), 'fapws-log-bench-'));
const logs: AccessLog[] = [];
const logged = (options: LogOptions): Application => {
  const made = log(options);
  logs.push(made);
  return made(application);
};

const withoutEnd = (): void => {};
let requests = 0;
const answer = (app: Application): unknown => {
  overTask = withoutEnd;
  const result = app(environOf(), startResponse);
  (overTask as () => void)();
  requests += 1;
  return result;
};

/** As servers do, the loop has its turn between reads: writes begin and end. */
const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve));

/** Requests in one measurement. */
const many = 10_000;
const measure = (name: string, app: Application): void => {
  bench(`${name}: ${many} requests`, async () => {
    for (let request = 0; request < many; request += 1) {
      do_not_optimize(answer(app));
      if (request % 64 === 63) await turn();
    }
  });
};

measure('without a log', application);
measure('combined to a file', logged({ to: { file: join(folder, 'combined.log') } }));
measure('detailed to a file', logged({ to: { file: join(folder, 'detailed.log') }, format: 'detailed' }));
measure('json to a file', logged({ to: { file: join(folder, 'json.log') }, format: 'json' }));
measure('combined to a function', logged({ to: line => void do_not_optimize(line) }));

await run();
for (const made of logs) await made.close();
console.log(`${requests} requests; lines lost: ${logs.reduce((sum, { lost }) => sum + lost, 0)}`);

// What it costs in CPU, kernel and threads included, which a stopwatch does not show.
const cpu = async (app: Application, rounds: number): Promise<number> => {
  const before = process.cpuUsage();
  for (let request = 0; request < rounds; request += 1) {
    answer(app);
    if (request % 64 === 63) await turn();
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / rounds;
};

const file = join(folder, 'cpu.log');
closeSync(openSync(file, 'w'));
// No server has so many requests: the bound would be what is measured.
const measured = log({ to: { file }, buffer: 2 ** 30 });
const withLog = measured(application);
const differences: number[] = [];
const rounds = 200_000;
for (let round = 0; round < 8; round += 1) {
  const plain = await cpu(application, rounds);
  const log = await cpu(withLog, rounds);
  differences.push(log - plain);
}
await measured.close();
differences.sort((one, other) => one - other);
const octets = statSync(file).size;
console.log(
  `CPU of combined to a file, user and system, all threads, µs per request: best ${differences[0]?.toFixed(2)}, ` +
    `median ${((differences[3] as number) / 2 + (differences[4] as number) / 2).toFixed(2)} (${octets} octets written)`,
);
rmSync(folder, { recursive: true });
