import { once } from 'node:events';
import { HELLO } from '../lib/answers.mjs';
import { checkAnswer } from '../lib/check.mjs';
import { exchange } from '../lib/client.mjs';
import { within } from '../lib/deadline.mjs';
import { defineLoad } from '../lib/load.mjs';
import { defineLoadScenario } from '../lib/scenario.mjs';

const load = defineLoad({
  path: '/hello',
  headers: { Connection: 'close' },
  oncePerConnection: true,
});

export const connectionPerRequest = defineLoadScenario({
  name: 'connection-per-request',
  title: 'A connection per request',
  shows: 'Accepting and closing: what clients without keep-alive cost.',
  load,
  async check(port) {
    await checkAnswer(port, load, { type: 'text/plain', body: HELLO });
    // Announcing the end is a SHOULD (RFC 9112 §9.6), which Bun leaves out; ending is a MUST.
    const { socket } = await exchange(
      port,
      'GET /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
      received => received.endsWith(HELLO),
    );
    try {
      if (!socket.readableEnded) await within(2, 'closing the connection', once(socket, 'end'));
    } finally {
      socket.destroy();
    }
  },
});
