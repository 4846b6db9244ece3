// The programs of these tests, made into JavaScript once: many processes are started here, and a loader for TypeScript takes
// longer than all that is tested.

import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { afterAll } from 'vitest';

const sources = join(import.meta.dirname, 'fixtures');
const folder = mkdtempSync(join(tmpdir(), 'fapws-workers-'));
// For workers that run as somebody else.
chmodSync(folder, 0o755);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

buildSync({
  entryPoints: [join(sources, 'server.ts'), join(sources, 'primary.ts')],
  outdir: folder,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  conditions: ['@fapws/source'],
});

/** Serves. */
export const serverProgram: string = join(folder, 'server.mjs');
/** Supervises it. */
export const primaryProgram: string = join(folder, 'primary.mjs');
