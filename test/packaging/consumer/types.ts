// A TypeScript user: the public types, as the README shows them. Compiled and then run.

import { type Application, start } from '@fapws/core';

const app: Application = (environ, startResponse) => {
  startResponse('200 OK', [['Content-Type', 'text/plain']]);
  return [`hello ${environ.PATH_INFO}`];
};

const later: Application = async (_environ, startResponse) => {
  await Promise.resolve();
  startResponse('200 OK', [['Content-Type', 'text/plain']]);
  return 'later';
};

const chunks: Application = function* (_environ, startResponse) {
  startResponse('200 OK', [['Content-Type', 'text/plain']]);
  yield 'one ';
  yield new Uint8Array([0x74, 0x77, 0x6f]);
};

// @ts-expect-error a status is a string, as in WSGI
const wrong: Application = (_environ, startResponse) => startResponse(200, []);

const server = start('127.0.0.1', 0);
server.mount('/hello', app);
server.mount('/later', later);
server.mount('/chunks', chunks);
await server.listen();
try {
  for (const path of ['/hello/you', '/later', '/chunks']) {
    const response = await fetch(server.url + path, {
      signal: AbortSignal.timeout(5000),
    });
    console.log(response.status, await response.text());
  }
} finally {
  await server.stop();
}
console.log(typeof wrong);
