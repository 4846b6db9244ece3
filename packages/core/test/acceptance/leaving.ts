// A program, to be run with --expose-gc: clients leave its server in the middle of everything, again and again. It prints by
// how much the heap has grown between the first rounds and the last one, and what is still open.

import { connect } from 'node:net';
import { start } from '../../src/index.ts';

const CLIENTS = 20;
const ROUNDS = 40;
const WARM_UP = 15;

const server = start({ host: '127.0.0.1', port: 0 });
const full = 'x'.repeat(65_536);
let called = (): void => {};

server.base({ errors: { write() {}, writelines() {}, flush() {} } });
server.mount('/upload', async environ => {
  called();
  await environ['wsgi.input'].read();
});
server.mount('/wait', async environ => {
  called();
  await new Promise<void>(resolve => environ['fapws.signal'].addEventListener('abort', () => resolve()));
  throw new Error('left alone');
});
server.mount('/generator', function* (_, startResponse) {
  startResponse('200 OK', []);
  called();
  for (;;) yield full;
});
server.mount('/async', async function* (environ, startResponse) {
  startResponse('200 OK', []);
  for (;;) {
    called();
    yield full;
    if (environ['fapws.signal'].aborted) throw new Error('left alone');
  }
});
server.mount('/never', () => {
  called();
  return new Promise(() => {});
});
await server.listen();
const { port } = new URL(server.url);

const requests = [
  'GET /nothing HT',
  'POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nsome',
  'GET /wait HTTP/1.1\r\nHost: a\r\n\r\n',
  'GET /generator HTTP/1.1\r\nHost: a\r\n\r\n',
  'GET /async HTTP/1.1\r\nHost: a\r\n\r\n',
  'GET /never HTTP/1.1\r\nHost: a\r\n\r\n',
];

function visit(request: string): Promise<void> {
  return new Promise(resolve => {
    const socket = connect(Number(port), '127.0.0.1');
    socket.on('error', () => {});
    socket.on('close', () => resolve());
    const leave = (): void => {
      called = () => {};
      setImmediate(() => socket.resetAndDestroy());
    };
    socket.on('connect', () => {
      socket.write(request);
      if (request.includes('\r\n\r\n')) called = leave;
      else setTimeout(leave, 5);
    });
  });
}

async function round(): Promise<void> {
  for (let client = 0; client < CLIENTS; client += 1) {
    await visit(requests[client % requests.length] as string);
  }
}

async function heap(): Promise<number> {
  for (let turn = 0; turn < 5; turn += 1) {
    await new Promise(resolve => setTimeout(resolve, 10));
    (globalThis as unknown as { gc(): void }).gc();
  }
  return process.memoryUsage().heapUsed;
}

let before = 0;
for (let number = 0; number < ROUNDS; number += 1) {
  if (number === WARM_UP) before = await heap();
  await round();
}
const grown = (await heap()) - before;
const open = process.getActiveResourcesInfo().filter(kind => /TCPSocket|TCPConnect|FSReq/.test(kind));
const { cut } = await server.stop({ graceMs: 0 });
console.log(JSON.stringify({ grown, perClient: grown / ((ROUNDS - WARM_UP) * CLIENTS), open, cut }));
