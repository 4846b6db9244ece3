// Clients that leave cost nothing in the long run.

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { runFromSource } from '@fapws/testing';
import { expect, test } from 'vitest';

/** Octets. A connection that stayed would be some thousands of them; what V8 itself keeps for a while is less. */
const NOISE = 600;

test('five hundred clients that leave in the middle leave no sockets and no memory behind', {
  timeout: 60_000,
}, async () => {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--expose-gc', ...runFromSource, join(import.meta.dirname, 'leaving.ts')],
    { timeout: 50_000 },
  );
  const report = JSON.parse(stdout) as { perClient: number; open: string[]; cut: number };
  expect(report.open).toEqual([]);
  expect(report.cut).toBe(0);
  expect(report.perClient).toBeLessThan(NOISE);
});
