// What the middleware adds to a request: without claims, with those of a proxy, with those of a stranger; beside what core does
// for a request with an application that reads one key. `pnpm --filter @fapws/forwarded bench` runs it.

import { type Application, call, type Environ, LazyEnviron } from '@fapws/core';
import { bench, do_not_optimize, run } from 'mitata';
import { forwarded } from '../src/index.ts';

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
const proxied = { ...browser, 'X-Forwarded-For': '198.51.100.7', 'X-Forwarded-Proto': 'https' };

/** An environ as core makes it, as far as it matters here. */
const handler: ProxyHandler<LazyEnviron> = {
  get: (environ, key) => (typeof key === 'string' ? environ.get(key) : undefined),
  set(environ, key, value) {
    environ.set(String(key), value);
    return true;
  },
  deleteProperty(environ, key) {
    environ.set(String(key), undefined);
    return true;
  },
};

/** Makes fresh environs of one real request. */
async function environs(headers: Record<string, string>): Promise<() => Environ> {
  let parts: ConstructorParameters<typeof LazyEnviron> | undefined;
  class Capturing extends LazyEnviron {
    constructor(...given: ConstructorParameters<typeof LazyEnviron>) {
      super(...given);
      parts = given;
    }
  }
  const empty: Application = (_, startResponse) => {
    startResponse('200 OK', []);
  };
  await call(empty, { headers }, { Environ: Capturing });
  if (parts === undefined) throw new Error('the application was not called');
  const captured = parts;
  return () => new Proxy(new LazyEnviron(...captured), handler) as unknown as Environ;
}

const plain = await environs(browser);
const claiming = await environs(proxied);
const startResponse = (() => () => undefined) as never;
const application: Application = environ => environ.REMOTE_ADDR;
const believing = forwarded({ trust: ['loopback', 'private'] })(application);
const element = 'for=198.51.100.7;proto=https';
const standard = await environs({ ...browser, Forwarded: element });
const believingStandard = forwarded({ trust: ['loopback', 'private'], headers: ['Forwarded'] })(application);
const doubting = forwarded({ trust: ['192.0.2.1'] })(application);

bench('no middleware', () => do_not_optimize(application(plain(), startResponse)));
bench('no claims', () => do_not_optimize(believing(plain(), startResponse)));
bench('X-Forwarded-For and -Proto of a proxy', () => do_not_optimize(believing(claiming(), startResponse)));
bench('Forwarded of a proxy', () => do_not_optimize(believingStandard(standard(), startResponse)));
bench('X-Forwarded-For and -Proto of a stranger', () => do_not_optimize(doubting(claiming(), startResponse)));

await run();
