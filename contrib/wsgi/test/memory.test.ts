// How much memory processes have, from /proc and from ps.

import { installed, optional } from '@fapws/testing';
import { expect, test } from 'vitest';
import { residentByPs, residentNow, residentOf } from '../src/memory.ts';

/** None that there could be. */
const NOBODY = 2 ** 30;

test.runIf(process.platform === 'linux')('/proc tells of those that are there', async () => {
  const found = await residentOf([NOBODY, process.pid]);
  expect([...found.keys()]).toEqual([process.pid]);
  expect(found.get(process.pid)).toBeGreaterThan(10_000_000);
  expect(residentNow(NOBODY)).toBe(null);
});

test.runIf(optional('ps', installed('ps'), 'apt-get install procps'))('so does ps', async () => {
  const before = process.memoryUsage.rss();
  const found = await residentByPs([NOBODY, process.pid]);
  expect([...found.keys()]).toEqual([process.pid]);
  expect(found.get(process.pid)).toBeGreaterThan(before / 2);
  expect(found.get(process.pid)).toBeLessThan(before * 2);
});
