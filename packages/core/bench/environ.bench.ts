// What an environ costs: made and not read, read key by key, shown whole.
// `pnpm --filter @fapws/core bench environ` runs it.
import { Buffer } from 'node:buffer';
import { bench, do_not_optimize, run } from 'mitata';
import { environOf, LazyEnviron } from '../src/base/environ.ts';
import { call, visitEnviron } from '../src/index.ts';

type Parts = ConstructorParameters<typeof LazyEnviron>;

/** A real exchange, as an application sees it. */
async function captured(headers: Record<string, string>): Promise<Parts> {
  let parts: Parts | undefined;
  class Capturing extends LazyEnviron {
    constructor(...given: Parts) {
      super(...given);
      parts = given;
    }
  }
  await call(() => '', { target: '/path?query=1', headers }, { Environ: Capturing });
  if (parts === undefined) throw new Error('the application was not called');
  return parts;
}

const [exchange, routed, server] = await captured({
  'User-Agent': 'benchmark',
  Accept: '*/*',
  'Accept-Encoding': 'gzip, br',
  Cookie: 'session=0123456789abcdef',
});
const make = () => environOf(new LazyEnviron(exchange, routed, server));
const environ = make();

bench('made, not read', () => do_not_optimize(make()));
bench('PATH_INFO', () => do_not_optimize(environ.PATH_INFO));
bench('HTTP_COOKIE', () => do_not_optimize(environ.HTTP_COOKIE));
bench('a header that is not there', () => do_not_optimize(environ.HTTP_X_NOTHING));
bench('made, six keys read', () => {
  const fresh = make();
  do_not_optimize(fresh.REQUEST_METHOD);
  do_not_optimize(fresh.PATH_INFO);
  do_not_optimize(fresh.QUERY_STRING);
  do_not_optimize(fresh.HTTP_HOST);
  do_not_optimize(fresh.HTTP_COOKIE);
  do_not_optimize(fresh.REMOTE_ADDR);
});
bench('a key assigned and read', () => {
  const fresh = make();
  fresh['app.user'] = Buffer;
  do_not_optimize(fresh['app.user']);
});
bench('all keys', () => do_not_optimize(Object.keys(make())));

// What a gateway hands on of the request of a browser, 12 headers with Host.
const ofBrowser = await captured({
  Connection: 'keep-alive',
  'Cache-Control': 'max-age=0',
  'Upgrade-Insecure-Requests': '1',
  'User-Agent':
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
  Accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
  'Sec-Fetch-Site': 'none',
  'Sec-Fetch-Mode': 'navigate',
  'Sec-Fetch-Dest': 'document',
  'Accept-Encoding': 'gzip, deflate, br, zstd',
  'Accept-Language': 'en-GB,en;q=0.9,de;q=0.8',
  Cookie: 'csrftoken=0123456789abcdef0123456789abcdef; sessionid=0123456789abcdef',
});
let octets = 0;
const count = (key: string, value: string | number | boolean): void => {
  octets += key.length + String(value).length;
};
bench('visitEnviron, 12 headers', () => visitEnviron(environOf(new LazyEnviron(...ofBrowser)), count));
bench('visitEnviron, 12 headers, two keys assigned', () => {
  const fresh = environOf(new LazyEnviron(...ofBrowser));
  fresh['app.user'] = 'x';
  fresh.REMOTE_ADDR = '192.0.2.1';
  visitEnviron(fresh, count);
});
bench('Object.keys and reading, 12 headers', () => {
  const fresh = environOf(new LazyEnviron(...ofBrowser));
  for (const key of Object.keys(fresh)) {
    if (key.startsWith('HTTP_') || !key.includes('.')) count(key, fresh[key] as string);
  }
});

await run();
do_not_optimize(octets);
