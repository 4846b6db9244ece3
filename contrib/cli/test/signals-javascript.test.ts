// Signals and failures with an application in JavaScript.

import { expect, test } from 'vitest';
import { Project, serving } from './command.ts';
import { inJavaScript, pidOf, signalsSuite, stops } from './signals.suite.ts';

signalsSuite({ language: 'JavaScript', args: ['app.js'], here: true, quick: 'SIGQUIT' });

test('processes are replaced after --max-requests', async () => {
  using files = new Project({ 'app.js': inJavaScript });
  await using program = serving(['app.js', '--max-requests', '5'], files);
  const origin = await program.origin();
  const first = await pidOf(origin);
  let last = first;
  const late = Date.now() + 30_000;
  while (last === first && Date.now() < late) last = await pidOf(origin);
  expect(last).not.toBe(first);
  await stops(program, 'SIGTERM');
});
