// Which core serves and which one loads. Sharing a core, a load generator takes time from the server it measures, and
// more of it from a fast server than from a slow one.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** @typedef {{ server: number, load: number }} Cores */

/**
 * @returns {{ cores: Cores | undefined, reason?: string }} no cores, and why, where processes cannot be pinned
 */
export function chooseCores() {
  if (spawnSync('taskset', ['--version']).error)
    return { cores: undefined, reason: 'taskset is not installed' };
  const [server, load] = allowedCores();
  if (load === undefined) return { cores: undefined, reason: 'there is only one core' };
  return { cores: { server, load } };
}

/**
 * Moves the harness to a core; what it starts follows, unless it is placed elsewhere.
 * @param {number} core
 */
export function pinThisProcess(core) {
  const { status, stderr } = spawnSync('taskset', ['-a', '-c', '-p', String(core), String(process.pid)]);
  if (status !== 0) throw new Error(`taskset could not move the harness to core ${core}: ${stderr}`);
}

/**
 * The command that runs `file` on one core. taskset becomes the program it starts, so the process id stays.
 * @param {number | undefined} core
 * @param {string} file
 * @param {string[]} args
 * @returns {[string, string[]]}
 */
export function onCore(core, file, args) {
  return core === undefined ? [file, args] : ['taskset', ['-c', String(core), file, ...args]];
}

// A container may own neither core 0 nor core 1.
function allowedCores() {
  const [, list] = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync('/proc/self/status', 'latin1'));
  return list.split(',').flatMap(range => {
    const [first, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}
