// An ESM user: the first lines of the README, then one request.

import { start } from '@fapws/core';

const server = start('127.0.0.1', 0);
server.mount('/hello', (environ, startResponse) => {
  startResponse('200 OK', [['Content-Type', 'text/plain']]);
  return [`hello ${environ.PATH_INFO}`];
});
await server.listen();
try {
  const response = await fetch(`${server.url}/hello/you`, {
    signal: AbortSignal.timeout(5000),
  });
  console.log(response.status, await response.text());
} finally {
  await server.stop();
}
