// How much memory processes have resident.

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';

const fromProc: boolean = process.platform === 'linux';

/** Octets; null for a process that is gone, and where only {@link residentOf} can tell. */
export function residentNow(pid: number): number | null {
  if (!fromProc) return null;
  try {
    const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
    return kilobytes === undefined ? null : Number(kilobytes) * 1024;
  } catch {
    // It has ended meanwhile.
    return null;
  }
}

/** Octets by process id, without those that are gone. */
export async function residentOf(pids: readonly number[]): Promise<Map<number, number>> {
  const found = new Map<number, number>();
  if (fromProc) {
    for (const pid of pids) {
      const octets = residentNow(pid);
      if (octets !== null) found.set(pid, octets);
    }
    return found;
  }
  return pids.length === 0 ? found : residentByPs(pids);
}

/** The same where there is no /proc. */
export async function residentByPs(pids: readonly number[]): Promise<Map<number, number>> {
  const found = new Map<number, number>();
  // ps fails when one of them is gone, and still tells of the others.
  const table = await new Promise<string>(resolve => {
    execFile('ps', ['-o', 'pid=,rss=', '-p', pids.join(',')], (_error, stdout) => resolve(stdout));
  });
  for (const [, pid, kilobytes] of table.matchAll(/^\s*(\d+)\s+(\d+)\s*$/gm)) {
    found.set(Number(pid), Number(kilobytes) * 1024);
  }
  return found;
}
