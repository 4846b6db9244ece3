// What a process takes of the machine, by Linux's own account.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

/** Octets that a process has in memory now, and the most that it had since `watch`. */
function statusOf(pid: number, name: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kibibytes = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1];
  return Number(kibibytes) * 1024;
}

/** From now on `growth` tells how much more than now the process ever had, in octets. */
export function watchMemory(pid: number): { growth(): number } {
  // 5 lets the kernel forget the peak (man 5 proc_pid_clear_refs).
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
  const before = statusOf(pid, 'VmRSS');
  return { growth: () => statusOf(pid, 'VmHWM') - before };
}

export function childrenOf(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return children === '' ? [] : children.split(' ').map(Number);
}

/** How many files and sockets a process has open; none where nobody tells. */
export function descriptorsOf(pid: number): number {
  return process.platform === 'linux' ? readdirSync(`/proc/${pid}/fd`).length : 0;
}
