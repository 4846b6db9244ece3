import { chunks } from '../lib/answers.mjs';
import { checkAnswer } from '../lib/check.mjs';
import { defineLoad } from '../lib/load.mjs';
import { defineLoadScenario } from '../lib/scenario.mjs';

const load = defineLoad({ path: '/stream' });

export const stream = defineLoadScenario({
  name: 'stream',
  title: 'Stream of 64 chunks',
  shows:
    'An answer of unknown length from a generator, 64 times 1 KiB, in each server’s own way of streaming.',
  load,
  check: port =>
    checkAnswer(port, load, {
      type: 'application/octet-stream',
      body: Buffer.concat([...chunks()]),
      streamed: true,
    }),
  target: { atLeast: 1 },
});
