// `pnpm --filter @fapws/core bench [NAME]` runs the benchmarks, or those whose name has NAME, on the sources as they are:
// each in a process of its own, because what ran before makes the engine compile differently, and bundled as core is
// published. (tsx would do without the bundle, but it wraps every function, which shows where functions are made.)

import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import { asPublished } from './as-published.mjs';
import { generate } from './generate-wasm.mjs';

const packageFolder = resolve(import.meta.dirname, '..');
const [wanted = ''] = process.argv.slice(2);
const names = readdirSync(join(packageFolder, 'bench'))
  .filter(name => name.endsWith('.bench.ts') && name.includes(wanted))
  .sort();
if (names.length === 0) {
  console.error(`No benchmark has "${wanted}" in its name.`);
  process.exitCode = 1;
}

await generate();
for (const name of names) {
  const outfile = join(packageFolder, 'build/bench', name.replace(/ts$/, 'js'));
  await build({ ...asPublished, entryPoints: [join(packageFolder, 'bench', name)], outfile });
  console.log(`\n== ${name}`);
  const { status } = spawnSync(process.execPath, [outfile], { stdio: 'inherit' });
  if (status !== 0) process.exitCode = 1;
}
