import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runFromSource } from '../src/index.ts';

test('a child process runs TypeScript that imports a sibling package from source', () => {
  const file = join(import.meta.dirname, 'fixtures/sibling.ts');
  expect(execFileSync(process.execPath, [...runFromSource, file], { encoding: 'utf8' })).toBe('function\n');
});
