// The portable loop, in both of its ways.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { runFromSource } from '@fapws/testing';
import { describe, expect, test } from 'vitest';
import { PortableLoop } from '../src/loop/portable.ts';
import { loopSuite } from './loop.suite.ts';

describe('the portable loop', () => {
  loopSuite('on the handles of node:net', input => new PortableLoop(input));
  loopSuite('on the public API of node:net alone', input => new PortableLoop(input, { publicApiOnly: true }));

  test('a timer keeps the process alive only if it is asked to', { timeout: 30_000 }, async () => {
    const program = `
      const { PortableLoop } = await import(${JSON.stringify(import.meta.resolve('../src/loop/portable.ts'))});
      const loop = new PortableLoop(Buffer.alloc(1000));
      let calls = 0;
      loop.addTimer(600_000, () => {}, false);
      const timer = loop.addTimer(10, () => {
        calls += 1;
        if (calls === 3) timer.stop();
      }, true);
      process.on('exit', () => console.log(calls));
    `;
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [...runFromSource, '--input-type=module', '--eval', program],
      { timeout: 20_000 },
    );
    expect(stdout).toBe('3\n');
  });
});
