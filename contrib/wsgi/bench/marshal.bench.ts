// What it costs to write an environ for Python: the smallest request, and one with the headers of a browser.
//
//   node --conditions=@fapws/source --import tsx bench/marshal.bench.ts

import type { Duplex } from 'node:stream';
import { call } from '@fapws/core';
import { writeEnviron } from '../src/marshal.ts';
import { Output } from '../src/output.ts';
import { HEADER } from '../src/protocol.ts';

const TIMES = 100_000;

const browser: [string, string][] = [
  ['User-Agent', 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0'],
  ['Accept', 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'],
  ['Accept-Language', 'en-US,en;q=0.5'],
  ['Accept-Encoding', 'gzip, deflate, br, zstd'],
  ['Connection', 'keep-alive'],
  ['Cookie', 'session=0123456789abcdef0123456789abcdef; theme=dark'],
  ['Upgrade-Insecure-Requests', '1'],
  ['Sec-Fetch-Dest', 'document'],
  ['Sec-Fetch-Mode', 'navigate'],
  ['Sec-Fetch-Site', 'none'],
  ['Priority', 'u=0, i'],
];

const output = new Output({ destroyed: true } as Duplex);
for (const [name, headers] of [
  ['smallest', []],
  ['browser', browser],
] as const) {
  let best = Number.POSITIVE_INFINITY;
  await call(
    (environ, startResponse) => {
      for (let round = 0; round < 12; round += 1) {
        const before = process.cpuUsage().user;
        for (let time = 0; time < TIMES; time += 1) writeEnviron(output, HEADER, environ, -1);
        best = Math.min(best, (process.cpuUsage().user - before) / TIMES);
      }
      startResponse('204 No Content', []);
      return '';
    },
    { target: '/some/path?query=1', headers },
  );
  console.log(`writeEnviron, ${name}: ${best.toFixed(2)} µs`);
}
