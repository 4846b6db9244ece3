// The same server by one process or by several, in the ways that there are to share a port: WAY says which, WORKERS how many.
import cluster from 'node:cluster';
import { createHash } from 'node:crypto';
import { start } from '@fapws/core';
import { workers } from '@fapws/workers';
import { HELLO } from '../lib/answers.mjs';
import { host, port } from '../lib/control-channel.mjs';

const TEXT = [['Content-Type', 'text/plain']];
const address = { host, port };
const count = Number(process.env.WORKERS);
const content = Buffer.alloc(128 * 1024, 'fapws');

function serverAt(addresses) {
  // All clients of a benchmark come from one address.
  const server = start(addresses, { limits: { connectionsPerAddress: Number.POSITIVE_INFINITY } });
  server.route('GET', '/hello', (_environ, startResponse) => {
    startResponse('200 OK', TEXT);
    return [HELLO];
  });
  // An application that computes: the load generator needs little of the cores beside it.
  server.route('GET', '/compute', (_environ, startResponse) => {
    startResponse('200 OK', TEXT);
    return [createHash('sha256').update(content).digest('hex')];
  });
  return server;
}

const ways = {
  alone: () => serverAt([address]).listen(),
  shared: () => workers({ listen: address, workers: count, print: () => {} }, serverAt),
  'reuse-port': () =>
    workers({ listen: address, reusePort: true, workers: count, print: () => {} }, serverAt),
  async cluster() {
    if (cluster.isPrimary) for (let worker = 0; worker < count; worker += 1) cluster.fork();
    else await serverAt([address]).listen();
  },
};

await ways[process.env.WAY]();
