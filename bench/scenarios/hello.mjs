import { HELLO } from '../lib/answers.mjs';
import { checkAnswer } from '../lib/check.mjs';
import { defineLoad } from '../lib/load.mjs';
import { defineLoadScenario } from '../lib/scenario.mjs';

const load = defineLoad({ path: '/hello' });

export const hello = defineLoadScenario({
  name: 'hello',
  title: 'Hello, 64 connections',
  shows: 'The fixed cost of a request: the smallest request, the smallest answer, connections kept alive.',
  load,
  check: port => checkAnswer(port, load, { type: 'text/plain', body: HELLO }),
  target: { atLeast: 1.7 },
});

export const hello512 = defineLoadScenario({
  ...hello,
  name: 'hello-512',
  title: 'Hello, 512 connections',
  shows: 'The same with eight times the connections: what a busier socket table costs.',
  load: { ...load, connections: 512 },
  target: undefined,
});
