// Where the numbers come from: none is worth anything without.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, release, totalmem, type } from 'node:os';

/** @typedef {ReturnType<typeof describeMachine>} Machine */

export function describeMachine() {
  return {
    cpu: cpus()[0].model.trim(),
    // Not availableParallelism(): the harness has pinned itself to one of them.
    cores: cpus().length,
    memory: `${Math.round(totalmem() / 1024 ** 3)} GiB`,
    kernel: `${type()} ${release()} ${process.arch}`,
  };
}

/**
 * @param {import('../contestants.mjs').Contestant[]} contestants
 * @returns {Record<string, string>} version by name of program or package
 */
export function describeVersions(contestants) {
  const versions = { node: process.version.slice(1) };
  for (const name of contestants.flatMap(({ packages }) => packages)) {
    versions[name] = versionOf(name);
  }
  for (const contestant of contestants) Object.assign(versions, contestant.versions?.());
  return versions;
}

/** The commit that was measured, with a mark if the tree had changes; nothing outside a git checkout. */
export function describeCommit() {
  const { status, stdout } = spawnSync('git', ['describe', '--always', '--dirty=, with changes'], {
    cwd: new URL('.', import.meta.url),
    encoding: 'utf8',
  });
  return status === 0 ? stdout.trim() : undefined;
}

function versionOf(name) {
  const manifest = new URL(`../node_modules/${name}/package.json`, import.meta.url);
  return JSON.parse(readFileSync(manifest, 'utf8')).version;
}
