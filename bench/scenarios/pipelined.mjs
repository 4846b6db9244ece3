import assert from 'node:assert/strict';
import { HELLO } from '../lib/answers.mjs';
import { bareGet, exchange } from '../lib/client.mjs';
import { defineLoad } from '../lib/load.mjs';
import { defineLoadScenario } from '../lib/scenario.mjs';

const DEPTH = 16;

export const pipelined = defineLoadScenario({
  name: 'pipelined',
  title: 'Hello, 16 requests pipelined',
  shows: 'What is left of a request when the system calls are shared: parsing, routing, framing.',
  load: defineLoad({ path: '/hello', pipelined: DEPTH }),
  async check(port) {
    const answers = text => text.split(HELLO).length - 1;
    const { socket, received } = await exchange(
      port,
      bareGet('/hello').repeat(DEPTH),
      text => answers(text) >= DEPTH,
    );
    socket.destroy();
    assert.equal(received.split('HTTP/1.1 200 OK\r\n').length - 1, DEPTH, 'not every answer is 200');
    assert.ok(received.endsWith(`\r\n\r\n${HELLO}`), 'bytes follow the last answer');
  },
  target: { atLeast: 8 },
});
