// What RadixRouter.find costs by number of routes and kind of path: `pnpm --filter @fapws/core bench router`.
// Paths are cut from request heads, as in the server: reading such a string costs more than reading a constant.
import { bench, do_not_optimize, group, run } from 'mitata';
import { RadixRouter } from '../src/router/radix.ts';

/** @param size number of routes beside those asked for */
function routerOf(size: number): RadixRouter<string | number> {
  const router = new RadixRouter<string | number>();
  router.route('GET', '/hello', 'static');
  router.route('GET', '/users/:id/posts/:post', 'parameters');
  router.route('GET', '/files/*path', 'rest');
  router.mount('/app', 'mount');
  for (let n = 0; n < size; n++) {
    if (n % 2 === 0) router.route('GET', `/resource${n}/list/all`, n);
    else router.route(['GET', 'PUT'], `/resource${n}/:id/part/:part`, n);
  }
  return router;
}

function headsOf(path: string): string[] {
  return Array.from({ length: 64 }, (_, n) => `GET ${path} HTTP/1.1\r\nHost: host${n}.example\r\n\r\n`);
}

const requests: Record<string, readonly [method: string, path: string]> = {
  'cutting the path (part of each below)': ['GET', '/users/12345/posts/678'],
  static: ['GET', '/hello'],
  parameters: ['GET', '/users/12345/posts/678'],
  wildcard: ['GET', '/files/css/site.css'],
  mount: ['GET', '/app/some/page'],
  miss: ['GET', '/nowhere/to/be/found'],
  'method not allowed': ['POST', '/hello'],
  encoded: ['GET', '/users/a%20b/posts/678'],
  'bad path': ['GET', '/users/%C0%AF'],
};

for (const size of [10, 1_000, 10_000]) {
  const router = routerOf(size);
  group(`${size} routes`, () => {
    for (const [name, [method, path]] of Object.entries(requests)) {
      const heads = headsOf(path);
      const end = 4 + path.length;
      let next = 0;
      bench(
        name,
        name.startsWith('cutting')
          ? () => do_not_optimize((heads[next++ & 63] as string).slice(4, end))
          : () => do_not_optimize(router.find(method, (heads[next++ & 63] as string).slice(4, end))),
      );
    }
  });
}

await run();
