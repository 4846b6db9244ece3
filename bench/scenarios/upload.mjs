import { checkAnswer } from '../lib/check.mjs';
import { defineLoad } from '../lib/load.mjs';
import { defineLoadScenario } from '../lib/scenario.mjs';

const load = defineLoad({
  method: 'POST',
  path: '/upload',
  headers: { 'Content-Type': 'application/octet-stream' },
  bodyBytes: 1024 * 1024,
  connections: 8,
});

export const upload = defineLoadScenario({
  name: 'upload',
  title: 'Upload of 1 MiB',
  shows: 'A large body, consumed as a stream whose bytes the application counts, over 8 connections.',
  load,
  check: port => checkAnswer(port, load, { type: 'text/plain', body: String(load.bodyBytes) }),
  target: { atLeast: 1 },
});
