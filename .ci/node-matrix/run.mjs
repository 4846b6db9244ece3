// Runs tests under the newest Node of supported lines: `node .ci/node-matrix/run.mjs [LINE …]`. Without a line these are all
// but the one that runs this, since that has had all tests. The newest of them runs the tests of every package, the
// others those of core; examples are left out, since what they show is tested in the packages.
// Ends with one line per version, and with an error if any of them failed. Child processes of tests get the same Node.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const root = resolve(here, '../..');
const { dependencies } = JSON.parse(readFileSync(join(here, 'package.json'), 'utf8'));

if (process.platform !== 'linux' || process.arch !== 'x64') {
  console.error('The Node binaries of the matrix are for Linux on x64.');
  process.exit(1);
}

const lines = process.argv.slice(2);
const isWanted = line =>
  lines.length === 0 ? !process.version.startsWith(`v${line}.`) : lines.includes(line);
const binaries = Object.keys(dependencies)
  .filter(name => isWanted(name.replace('node-', '')))
  .map(name => join(here, 'node_modules', name, 'bin/node'));
if (binaries.length === 0) {
  console.error(`No such line; there are ${Object.keys(dependencies).join(', ')}.`);
  process.exit(1);
}
if (!binaries.every(existsSync)) {
  const install = ['-y', 'pnpm@12', '--dir', here, 'install', '--frozen-lockfile'];
  const { status } = spawnSync('npx', install, { stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) process.exit(status ?? 1);
}

const all = ['packages', 'contrib']
  .filter(room => existsSync(join(root, room)))
  .flatMap(room => readdirSync(join(root, room)).map(name => join(root, room, name)))
  .filter(folder => existsSync(join(folder, 'package.json')) && existsSync(join(folder, 'test')))
  .map(folder => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).name);
const projectsOf = binary =>
  (binary === binaries.at(-1) ? all : ['@fapws/core']).map(name => `--project=${name}`);

const results = binaries.map(binary => {
  const version = spawnSync(binary, ['--version'], { encoding: 'utf8' }).stdout.trim();
  console.log(`\n== Node ${version}`);
  const reports = mkdtempSync(join(process.env.FAPWS_TEST_REPORTS ?? tmpdir(), 'node-'));
  const started = performance.now();
  const { status } = spawnSync(
    binary,
    [join(root, 'node_modules/vitest/vitest.mjs'), 'run', ...projectsOf(binary), '--silent=passed-only'],
    {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: {
        ...process.env,
        PATH: dirname(binary) + delimiter + process.env.PATH,
        FAPWS_TEST_REPORTS: reports,
      },
    },
  );
  const counts = { passed: 0, failed: 0 };
  for (const file of readdirSync(reports)) {
    const report = JSON.parse(readFileSync(join(reports, file), 'utf8'));
    counts.passed += report.numPassedTests;
    counts.failed += report.numFailedTests;
  }
  if (process.env.FAPWS_TEST_REPORTS === undefined) rmSync(reports, { recursive: true });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  return { version, ...counts, seconds, status: status === 0 && counts.passed > 0 ? 'passed' : 'FAILED' };
});

console.log();
for (const { version, status, passed, failed, seconds } of results) {
  console.log(`Node ${version}: ${status}, ${passed} passed, ${failed} failed, ${seconds} s`);
}
process.exitCode = results.every(({ status }) => status === 'passed') ? 0 : 1;
