// What is committed must install anywhere: no lockfile may name the registry of the machine that wrote it.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from '../commands.ts';

const lockfiles = ['.', 'bench', '.ci/node-matrix']
  .map(folder => join(root, folder, 'pnpm-lock.yaml'))
  .filter(existsSync);

test.each(lockfiles)('%s names no host', file => {
  const lines = readFileSync(file, 'utf8').split('\n');
  expect(lines.filter(line => /\b(https?|git|file):\/\/|tarball:/.test(line))).toEqual([]);
});
