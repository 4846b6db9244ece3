// What an environ costs: made and not read, read key by key, shown whole.
// `pnpm --filter @fapws/core bench environ` runs it.
import { Buffer } from 'node:buffer';
import { bench, do_not_optimize, run } from 'mitata';
import { environOf, LazyEnviron } from '../src/base/environ.ts';
import { call } from '../src/index.ts';

// A real exchange, as an application sees it.
let captured: ConstructorParameters<typeof LazyEnviron> | undefined;
class Capturing extends LazyEnviron {
  constructor(...parts: ConstructorParameters<typeof LazyEnviron>) {
    super(...parts);
    captured ??= parts;
  }
}
const headers = {
  'User-Agent': 'benchmark',
  Accept: '*/*',
  'Accept-Encoding': 'gzip, br',
  Cookie: 'session=0123456789abcdef',
};
await call(
  () => '',
  { target: '/path?query=1', headers },
  { Environ: Capturing, errors: { write() {}, writelines() {}, flush() {} } },
);
if (captured === undefined) throw new Error('the application was not called');
const [exchange, routed, server] = captured;
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

await run();
