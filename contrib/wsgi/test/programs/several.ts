// A front with three processes, for a test that kills it. /pids tells theirs.

import { start } from '@fapws/core';
import { pythonApp } from '../../src/index.ts';

const app = pythonApp('stuck:application', {
  chdir: `${import.meta.dirname}/../applications`,
  workers: 3,
});
await app.ready;
const server = start('127.0.0.1', 0);
server.mount('/', app);
server.route('GET', '/pids', (_environ, startResponse) => {
  startResponse('200 OK', [['Content-Type', 'application/json']]);
  return JSON.stringify(app.status().workers.map(({ pid }) => pid));
});
await server.run();
