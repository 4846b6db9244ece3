import { type Application, type Middleware, start } from '@fapws/core';
import { expect, test } from 'vitest';
import { forwarded } from '../src/index.ts';

const greet: Application = (environ, startResponse) => {
  startResponse('200 OK', [['Content-Type', 'text/plain']]);
  return String(environ['forwarded.greeting']);
};

/** What a client reads from `greet` behind the middleware. */
async function answer(middleware: Middleware): Promise<string> {
  const server = start('127.0.0.1', 0);
  server.mount('/', middleware(greet));
  await server.listen();
  try {
    const response = await fetch(server.url, { signal: AbortSignal.timeout(5000) });
    return await response.text();
  } finally {
    await server.stop();
  }
}

test('the callback finds the default greeting', async () => {
  expect(await answer(forwarded())).toBe('hello');
});

test('the callback finds the greeting of the options', async () => {
  expect(await answer(forwarded({ greeting: 'good morning' }))).toBe('good morning');
});
