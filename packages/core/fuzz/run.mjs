// `pnpm fuzz` comes here: bundles the fuzzer and core's sources as they are, and runs them in a process of their own whose
// garbage can be collected on demand. (tsx would do without the bundle, but it wraps every function, and half the cases
// would be lost to that.)

import { spawn } from 'node:child_process';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import { generate } from '../scripts/generate-wasm.mjs';

const packageFolder = resolve(import.meta.dirname, '..');
const outdir = join(packageFolder, 'build/fuzz');

await generate();
await build({
  entryPoints: ['main.ts', 'child.ts'].map(name => join(import.meta.dirname, name)),
  outdir,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  packages: 'external',
  sourcemap: 'inline',
  logLevel: 'warning',
});
const child = spawn(
  process.execPath,
  ['--expose-gc', '--enable-source-maps', join(outdir, 'main.js'), ...process.argv.slice(2)],
  { stdio: 'inherit' },
);
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => {
  process.exitCode = code ?? (signal === null ? 1 : 128);
});
