// The worker promises Python 3.8 and later, and CI has one Python: so what is not in 3.8 is looked for in its source.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '@fapws/testing';
import { describe, expect, test } from 'vitest';
import { hasPython } from './front.ts';

const judge = join(import.meta.dirname, 'programs/as_python_3_8.py');

describe.runIf(hasPython)('the worker', () => {
  test('is written in Python 3.8', () => {
    const { code, output } = run('python3', [judge, join(import.meta.dirname, '../python')]);
    expect([code, output]).toEqual([0, '']);
  });

  test('would not pass with what is newer', () => {
    const folder = mkdtempSync(join(tmpdir(), 'fapws-wsgi-'));
    try {
      writeFileSync(join(folder, 'a.py'), 'match 1:\n    case 2:\n        pass\n');
      writeFileSync(join(folder, 'b.py'), '"x".removeprefix("y")\n');
      writeFileSync(join(folder, 'c.py'), 'from functools import cache\n');
      const { code, output } = run('python3', [judge, folder]);
      expect(code).toBe(1);
      expect(output).toMatch(/^a\.py:\d: .*\nb\.py:1: removeprefix\nc\.py:1: cache\n$/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
