import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { HELLO } from '../lib/answers.mjs';
import { bareGet, exchange } from '../lib/client.mjs';
import { within } from '../lib/deadline.mjs';
import { spawnServer } from '../lib/processes.mjs';
import { defineSampleScenario } from '../lib/scenario.mjs';
import { hello } from './hello.mjs';

const STARTS = 3;

async function firstAnswer(server) {
  for (;;) {
    server.assertAlive();
    try {
      const { socket, received } = await exchange(server.port, bareGet('/hello'), text =>
        text.endsWith(HELLO),
      );
      socket.destroy();
      return received;
    } catch (error) {
      if (error.code !== 'ECONNREFUSED') throw error;
      await sleep(1);
    }
  }
}

async function millisecondsToFirstAnswer(contestant, cores) {
  const server = await spawnServer(contestant, cores?.server);
  try {
    const received = await within(10, `${contestant.title}'s first answer`, firstAnswer(server));
    const milliseconds = performance.now() - server.startedAt;
    assert.ok(received.startsWith('HTTP/1.1 200 '), `the first answer is ${received.split('\r\n')[0]}`);
    return milliseconds;
  } finally {
    await server.stop();
  }
}

export const start = defineSampleScenario({
  name: 'start',
  title: 'Start to first answer',
  shows: 'From starting the process to its first answer: what a restart, a test or a cold start waits for.',
  quantity: 'time',
  unit: 'ms',
  roundsAtMost: 9,
  check: hello.check,
  async measure(contestant, cores) {
    const times = [];
    while (times.length < STARTS) times.push(await millisecondsToFirstAnswer(contestant, cores));
    return times.sort((a, b) => a - b)[STARTS >> 1];
  },
  target: { atLeast: 1 / 1.3 },
});
