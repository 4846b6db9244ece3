import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { HELLO } from '../lib/answers.mjs';
import { bareGet, exchange } from '../lib/client.mjs';
import { startServer } from '../lib/processes.mjs';
import { residentMemory } from '../lib/resources.mjs';
import { defineSampleScenario } from '../lib/scenario.mjs';
import { hello } from './hello.mjs';

const CONNECTIONS = 8000;
const WARM_UP_CONNECTIONS = 500;
const AT_ONCE = 250;
const SETTLE_MILLISECONDS = 1000;

/** Connections which have had one answer and are still open. */
async function openConnections(port, count) {
  const sockets = [];
  while (sockets.length < count) {
    const opening = Array.from({ length: Math.min(AT_ONCE, count - sockets.length) }, () =>
      exchange(port, bareGet('/hello'), received => received.endsWith(HELLO)),
    );
    for (const { socket } of await Promise.all(opening)) sockets.push(socket);
  }
  return sockets;
}

const closeAll = sockets => {
  for (const socket of sockets) socket.destroy();
};

async function restingMemory(server) {
  await sleep(SETTLE_MILLISECONDS);
  await server.collectGarbage();
  return residentMemory(server.pid);
}

export const idleConnection = defineSampleScenario({
  name: 'idle-connection',
  title: 'Memory of an idle connection',
  shows: `How much resident memory grows by ${CONNECTIONS} connections which had one answer each, per connection.`,
  quantity: 'memory per connection',
  unit: 'B',
  roundsAtMost: 3,
  check: hello.check,
  async measure(contestant, cores) {
    const server = await startServer(contestant, cores?.server);
    let sockets = [];
    try {
      // Code that is compiled and tables that grow at the first connections are not the connections' memory.
      closeAll(await openConnections(server.port, WARM_UP_CONNECTIONS));
      const before = await restingMemory(server);
      sockets = await openConnections(server.port, CONNECTIONS);
      const after = await restingMemory(server);
      server.assertAlive();
      assert.ok(!sockets.some(socket => socket.closed), 'the server closed idle connections');
      return (after - before) / CONNECTIONS;
    } finally {
      closeAll(sockets);
      await server.stop();
    }
  },
  target: { below: 4500 },
});
