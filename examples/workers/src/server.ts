// Two processes of one server, and a third that watches them. All three run this file.

import { type Application, start } from '@fapws/core';
import { workerId, workers } from '@fapws/workers';

const whoAmI: Application = (_environ, startResponse) => {
  startResponse('200 OK', [['Content-Type', 'text/plain']]);
  return `worker ${workerId()} (process ${process.pid})\n`;
};

/** Whom to send signals to. */
const primary: Application = (_environ, startResponse) => {
  startResponse('200 OK', [['Content-Type', 'text/plain']]);
  return `${process.ppid}\n`;
};

/** What a callback throws ends no process; what a timer throws does. */
const crash: Application = (_environ, startResponse) => {
  setTimeout(() => {
    throw new Error('nobody catches this');
  }, 100);
  startResponse('202 Accepted', [['Content-Type', 'text/plain']]);
  return `worker ${workerId()} is about to crash\n`;
};

const port = Number(process.env['PORT'] ?? 8080);

// The primary opens the port and starts the others; only those get into the function.
await workers({ listen: { host: '127.0.0.1', port }, workers: 2 }, sockets => {
  const server = start(sockets);
  server.route('GET', '/', whoAmI).route('GET', '/primary', primary).route('POST', '/crash', crash);
  return server;
});
