// What a file descriptor is. Node can't ask a socket for its type, so the kernel's tables in /proc are read.

import { closeSync, fstatSync, openSync, readSync, type Stats } from 'node:fs';

/** TCP_LISTEN in /proc/net/tcp. */
const LISTENING = '0A';
/** __SO_ACCEPTCON in the flags of /proc/net/unix. */
const ACCEPTS = 0x10000;

/**
 * Says what keeps a web server from listening on a descriptor.
 * @returns words that fit behind "is", or null if it listens, or if that can't be told here: a socket of another network
 *   namespace (`PrivateNetwork=`) is in none of this process's tables
 */
export function whyNotListening(descriptor: number): string | null {
  let found: Stats;
  try {
    found = fstatSync(descriptor);
  } catch (error) {
    return `not open (${(error as NodeJS.ErrnoException).code})`;
  }
  if (!found.isSocket()) return found.isFIFO() ? 'a FIFO (ListenFIFO=)' : 'not a socket';
  const inode = String(found.ino);
  return isListeningTcp(inode) ? null : (kindOfUnix(inode) ?? kindOfInternet(inode));
}

/** The kernel lists what listens first, so a long table of connections is not gone through. */
function isListeningTcp(inode: string): boolean {
  for (const table of ['tcp6', 'tcp']) {
    for (const row of rows(table)) {
      if (row[3] !== LISTENING) break;
      if (row[9] === inode) return true;
    }
  }
  return false;
}

/** @returns null for one that listens; undefined if it is no unix socket that is known here */
function kindOfUnix(inode: string): string | null | undefined {
  for (const [, , , flags, type, , number] of rows('unix')) {
    if (number !== inode) continue;
    if (type === '0002') return 'a datagram socket (ListenDatagram=)';
    if (type === '0005') return 'a sequential-packet socket (ListenSequentialPacket=)';
    return Number.parseInt(flags as string, 16) & ACCEPTS ? null : 'a connection (Accept=yes)';
  }
  return undefined;
}

function kindOfInternet(inode: string): string | null {
  const isIn = (table: string): boolean => {
    for (const row of rows(table)) if (row[9] === inode) return true;
    return false;
  };
  if (isIn('udp') || isIn('udp6')) return 'a datagram socket (ListenDatagram=)';
  return isIn('tcp') || isIn('tcp6') ? 'a connection (Accept=yes)' : null;
}

/** The rows of a table of /proc/self/net behind its heading, as their columns; none if the table is not there. */
function* rows(table: string): Generator<string[]> {
  let file: number;
  try {
    file = openSync(`/proc/self/net/${table}`, 'r');
  } catch {
    // No IPv6, or no /proc: nothing is known then.
    return;
  }
  try {
    const piece = Buffer.alloc(65_536);
    let rest = '';
    let isHeading = true;
    for (let length = readSync(file, piece); length > 0; length = readSync(file, piece)) {
      const lines = (rest + piece.toString('latin1', 0, length)).split('\n');
      rest = lines.pop() as string;
      for (const line of lines) {
        if (!isHeading) yield line.trim().split(/\s+/);
        isHeading = false;
      }
    }
  } finally {
    closeSync(file);
  }
}
