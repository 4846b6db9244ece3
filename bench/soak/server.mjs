// The server of the soak test. Its timeouts are short, so that all of them pass many times in a run.
import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { start } from '@fapws/core';
import { host, port } from '../lib/control-channel.mjs';

const TEXT = [['Content-Type', 'text/plain']];
const BLOCK = Buffer.alloc(65_536, 'b');

/** Reports of errors that no client has caused on purpose. */
let complaints = 0;
let lastComplaint = '';
let running = 0;

const server = start(host, port, {
  timeouts: { head: 4, content: 4, idle: 5, write: 2, linger: 1, handler: 3 },
});
server.base({
  errors: {
    write(text) {
      if (text.includes('on purpose')) return;
      complaints += 1;
      lastComplaint = text;
    },
    writelines() {},
    flush() {},
  },
});

/** An application whose calls are counted until they come to their end. */
const counted = application => async (environ, startResponse) => {
  running += 1;
  try {
    return await application(environ, startResponse);
  } finally {
    running -= 1;
  }
};

server.route('GET', '/hello', (_environ, startResponse) => {
  startResponse('200 OK', TEXT);
  return ['Hello World!!'];
});
server.route(
  'GET',
  '/later',
  counted(async (_environ, startResponse) => {
    await sleep(5);
    startResponse('200 OK', TEXT);
    return ['later'];
  }),
);
server.route(
  'POST',
  '/count',
  counted(async (environ, startResponse) => {
    let octets = 0;
    for await (const piece of environ['wsgi.input']) octets += piece.length;
    startResponse('200 OK', TEXT);
    return [String(octets)];
  }),
);
server.route('POST', '/echo', async function* (environ, startResponse) {
  startResponse('200 OK', TEXT);
  yield 'echo ';
  for await (const piece of environ['wsgi.input']) yield piece;
});
server.route('GET', '/blocks/:count', function* (environ, startResponse) {
  startResponse('200 OK', TEXT);
  for (let left = Number(environ['wsgiorg.routing_args'][1].count); left > 0; left -= 1) yield BLOCK;
});
server.route('GET', '/ticks', async function* (environ, startResponse) {
  startResponse('200 OK', TEXT);
  for (let tick = 0; tick < 100 && !environ['fapws.signal'].aborted; tick += 1) {
    yield `tick ${tick}\n`;
    await sleep(20);
  }
});
server.route(
  'GET',
  '/waits',
  counted(async (environ, startResponse) => {
    await new Promise(resolve => environ['fapws.signal'].addEventListener('abort', resolve, { once: true }));
    startResponse('200 OK', TEXT);
    return ['to nobody'];
  }),
);
server.route('GET', '/fails', () => {
  throw new Error('fails on purpose');
});
server.route('GET', '/breaks', function* (_environ, startResponse) {
  startResponse('200 OK', TEXT);
  yield 'one ';
  yield 'two';
  throw new Error('breaks on purpose');
});

process.on('message', async message => {
  if (message !== 'holdings') return;
  for (let turn = 0; turn < 2; turn += 1) {
    globalThis.gc?.();
    await sleep(5);
  }
  const { rss, heapUsed, external, arrayBuffers } = process.memoryUsage();
  const resources = process.getActiveResourcesInfo();
  process.send?.({
    rss,
    heapUsed,
    external,
    arrayBuffers,
    handles: resources.length,
    connections: resources.filter(kind => kind === 'TCPSocketWrap').length,
    descriptors: readdirSync('/proc/self/fd').length,
    running,
    complaints,
    lastComplaint,
  });
});

await server.listen();
