// The units of the README are right in the eyes of systemd.

import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ANALYZE, systemdAnalyze } from './available.ts';
import { folder } from './running.ts';

/** The units: a path in a line of its own, and the text below it. */
function units(): Map<string, string> {
  const readme = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8');
  const found = readme.matchAll(/^`\/etc\/systemd\/system\/(\S+)`\n\n```ini\n([^`]*)```$/gm);
  return new Map([...found].map(([, name, text]) => [name as string, text as string]));
}

function verify(unit: string, text: string): { status: number | null; complaints: string[] } {
  const path = folder();
  for (const [name, original] of units()) writeFileSync(join(path, name), name === unit ? text : original);
  // Looked up beside the unit only: what this machine has besides is not ours.
  const { status, stderr } = spawnSync(
    ANALYZE,
    ['verify', '--man=no', '--recursive-errors=yes', join(path, unit)],
    { encoding: 'utf8' },
  );
  return { status, complaints: stderr.split('\n').filter(line => line.includes(unit)) };
}

test('there are a socket and a service', () => {
  expect([...units().keys()]).toEqual(['app.socket', 'app.service']);
});

test.runIf(systemdAnalyze).each(['app.socket', 'app.service'])('%s is a valid unit', unit => {
  // Where node is differs from machine to machine.
  const text = (units().get(unit) as string).replace('/usr/bin/node', process.execPath);
  expect(verify(unit, text)).toEqual({ status: 0, complaints: [] });
  // And a mistake in it would be seen.
  const wrong = text.replace('Description=', 'Descriptoin=');
  expect(verify(unit, wrong).complaints.join()).toContain('Descriptoin');
});
