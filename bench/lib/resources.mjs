// What a server costs, read from outside through /proc: in the same way for a server in any language, with any number of
// threads and worker processes, and without the server doing anything for it.
import { readdirSync, readFileSync } from 'node:fs';

/**
 * CPU time, user and system, which a process and its descendants have used, in microseconds. From `schedstat`, which
 * counts nanoseconds; the ticks of `stat` are 10 ms and would be a percent of a short round. Read it while the server is
 * idle: the kernel brings a running thread's account up to date at the next tick only.
 *
 * @param {number} pid
 */
export function cpuMicroseconds(pid) {
  let nanoseconds = 0;
  for (const process of family(pid)) {
    for (const thread of readdirSync(`/proc/${process}/task`)) {
      nanoseconds += Number(read(`/proc/${process}/task/${thread}/schedstat`).split(' ')[0]);
    }
  }
  return nanoseconds / 1000;
}

/** The most memory that was ever resident, in bytes; a family's members are added up. */
export const peakMemory = (/** @type {number} */ pid) => memory(pid, 'VmHWM');

/** Memory resident now, in bytes; a family's members are added up. */
export const residentMemory = (/** @type {number} */ pid) => memory(pid, 'VmRSS');

function memory(pid, field) {
  let kibibytes = 0;
  for (const process of family(pid)) {
    kibibytes += Number(
      new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(read(`/proc/${process}/status`))?.[1],
    );
  }
  return kibibytes * 1024;
}

function family(pid) {
  const members = [pid];
  for (const member of members) {
    for (const thread of readdirSync(`/proc/${member}/task`)) {
      members.push(...read(`/proc/${member}/task/${thread}/children`).split(' ').filter(Boolean).map(Number));
    }
  }
  return members;
}

const read = path => readFileSync(path, 'latin1');
