// What compressing small content costs: on a stream that is reused, by zlib's own function, from the cache; and what is done
// for every request besides. `pnpm --filter @fapws/gzip bench` runs it.

import { type Application, type Environ, type Exchange, type StartResponse, WsgiResponse } from '@fapws/core';
import { bench, do_not_optimize, run, summary } from 'mitata';
import { Preferences } from '../src/accept-encoding.ts';
import { allEncodings, codings, compressAtOnce, isAvailable } from '../src/codings.ts';
import { gzip } from '../src/index.ts';
import { settingsOf } from '../src/options.ts';
import { reuse } from '../src/reused.ts';
import { WholeCompressor } from '../src/whole.ts';

const page = '<li class="item"><a href="/items/1815">Fapws, the simplest and the fastest</a></li>\n'.repeat(
  25,
);
const content = Buffer.from(page);

for (const encoding of allEncodings.filter(isAvailable)) {
  const level = codings[encoding].usual;
  const compress = reuse(encoding, level);
  summary(() => {
    bench(`${encoding}, 2 KiB, zlib's own function`, () => compressAtOnce(encoding, level, content));
    if (compress !== null) bench(`${encoding}, 2 KiB, on one stream`, () => compress(content));
  });
}

const cached = new WholeCompressor(settingsOf({ cache: 100_000 }));
bench('gzip, 2 KiB, from the cache', () => cached.compress(content, 'gzip', () => {}));

const preferences = new Preferences(allEncodings);
bench('Accept-Encoding of a browser', () => do_not_optimize(preferences.of('gzip, deflate, br, zstd')));

/** What a request goes through here, without a server around it. */
function asking(accept: string | undefined): () => [Environ, StartResponse] {
  const environ = { REQUEST_METHOD: 'GET', HTTP_ACCEPT_ENCODING: accept } as unknown as Environ;
  const unsent = { setHead: () => {}, started: false } as unknown as Exchange;
  return () => {
    const response = new WsgiResponse(unsent);
    const startResponse: StartResponse = (status, lines, excInfo) => response.start(status, lines, excInfo);
    return [environ, Object.assign(startResponse, { response })];
  };
}

const html: [string, string][] = [['Content-Type', 'text/html; charset=utf-8']];
const short: Application = (_, startResponse) => {
  startResponse('200 OK', html);
  return 'short';
};
const compressing = gzip()(short);
const plain = asking(undefined);
const accepting = asking('gzip, deflate, br, zstd');
summary(() => {
  bench('a short answer, no middleware', () => do_not_optimize(short(...accepting())));
  bench('a short answer', () => do_not_optimize(compressing(...accepting())));
  bench('a short answer, nothing accepted', () => do_not_optimize(compressing(...plain())));
});

await run();
