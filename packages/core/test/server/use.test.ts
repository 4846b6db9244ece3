// Middlewares around a whole server: what they stand around, and in which order.

import { describe, expect, test } from 'vitest';
import { type Application, type Middleware, start } from '../../src/index.ts';

const hello: Application = (_, startResponse) => {
  startResponse('200 OK', []);
  return 'hello';
};

/** Notes in which order requests pass, and adds a header. */
function passing(name: string, passed: string[]): Middleware {
  return application => (environ, startResponse) => {
    passed.push(`${name} ${environ.REQUEST_METHOD} ${environ.SCRIPT_NAME}${environ.PATH_INFO}`);
    return application(environ, (status, headers, excInfo) =>
      startResponse(status, [...headers, ['X-Passed', name]], excInfo),
    );
  };
}

function serving(...middlewares: Middleware[]) {
  const server = start('127.0.0.1', 0);
  server.mount('/mounted', hello);
  for (const middleware of middlewares) server.use(middleware);
  server.route('GET', '/routed', hello);
  return server;
}

describe('server.use', () => {
  test.each([
    ['a mount from before', 'GET', '/mounted/x', 200],
    ['a route from after', 'GET', '/routed', 200],
    ['what is not there', 'GET', '/nowhere', 404],
    ['a method that a route does not have', 'POST', '/routed', 405],
    ['the methods of a route', 'OPTIONS', '/routed', 200],
    ['the methods of the server', 'OPTIONS', '*', 200],
    ['a method that nobody has', 'PURGE', '/routed', 501],
  ])('stands around %s', async (_, method, target, code) => {
    const passed: string[] = [];
    const server = serving(passing('a', passed));
    for (let round = 0; round < 2; round += 1) {
      const response = await server.call({ method, target });
      expect(response.statusCode).toBe(code);
      expect(response.header('x-passed')).toBe('a');
    }
    expect(passed).toHaveLength(2);
    expect(passed[0]).toMatch(new RegExp(`^a ${method} `));
  });

  test('the pages are the same as without', async () => {
    const plain = serving();
    const wrapped = serving(application => application);
    for (const [method, target] of [
      ['GET', '/nowhere'],
      ['POST', '/routed'],
      ['OPTIONS', '/routed'],
      ['OPTIONS', '/nowhere'],
      ['PURGE', '/'],
    ] as const) {
      const [one, other] = await Promise.all([
        plain.call({ method, target }),
        wrapped.call({ method, target }),
      ]);
      expect(other.status).toBe(one.status);
      expect(other.text()).toBe(one.text());
      expect(other.headers.filter(([name]) => name !== 'Date')).toEqual(
        one.headers.filter(([name]) => name !== 'Date'),
      );
    }
  });

  test('stands around a fallback, whenever that is given', async () => {
    const passed: string[] = [];
    const server = serving().fallback(hello).use(passing('a', passed)).fallback(hello);
    expect((await server.call('/nowhere')).text()).toBe('hello');
    expect(passed).toEqual(['a GET /nowhere']);
  });

  test('the first one is the outermost', async () => {
    const passed: string[] = [];
    const server = serving(passing('outer', passed), passing('inner', passed));
    expect((await server.call('/mounted')).header('x-passed')).toBe('inner, outer');
    expect(passed).toEqual(['outer GET /mounted', 'inner GET /mounted']);
  });

  test('a middleware is called once per application, not per request', async () => {
    let calls = 0;
    const server = serving(application => {
      calls += 1;
      return application;
    });
    expect(calls).toBe(2);
    for (let round = 0; round < 3; round += 1) await server.call('/nowhere');
    expect(calls).toBe(3);
  });

  test('applications in links() are those that were given', () => {
    const server = serving(() => hello);
    expect([...server.links()].map(({ value }) => value)).toEqual([hello, hello]);
  });

  test('what is no function is an error at once', () => {
    expect(() => serving({} as unknown as Middleware)).toThrow(TypeError);
  });
});
