import { checkAnswer } from '../lib/check.mjs';
import { defineLoad } from '../lib/load.mjs';
import { defineLoadScenario } from '../lib/scenario.mjs';

const load = defineLoad({
  method: 'POST',
  path: '/echo',
  headers: { 'Content-Type': 'application/octet-stream' },
  bodyBytes: 1024,
});

export const echo = defineLoadScenario({
  name: 'echo',
  title: 'POST echo of 1 KiB',
  shows: 'A small body, read whole and sent back: the way of a form or an API call.',
  load,
  check: port =>
    checkAnswer(port, load, { type: 'application/octet-stream', body: 'x'.repeat(load.bodyBytes) }),
  target: { atLeast: 1.7 },
});
