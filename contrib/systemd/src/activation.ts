// Socket activation, as sd_listen_fds(3) describes it: descriptors from 3 on, and three variables that say how many, for whom
// and under which names.

import { readFileSync } from 'node:fs';
import type { InheritedAddress } from '@fapws/core';
import { whyNotListening } from './descriptor.ts';
import { ActivationError } from './errors.ts';

/** The first descriptor that is handed over. */
const FIRST = 3;

/** More than any process may have open. */
const MOST = 1_048_576;

/** What systemd calls sockets when it hands them over without names. */
const NAMELESS = 'unknown';

const variables = ['LISTEN_FDS', 'LISTEN_PID', 'LISTEN_PIDFDID', 'LISTEN_FDNAMES'];

interface Socket {
  readonly name: string;
  readonly address: InheritedAddress;
}

/** What this process was given, from the first call on: the variables are gone then. */
let given: readonly Socket[] | null = null;

/**
 * The listening sockets that systemd handed to this process, for `start`. Their variables are taken out of the environment, so
 * that no child process believes they are meant for it.
 *
 * @param name only those of this name: `FileDescriptorName=` of the socket unit, or the unit's own name, `app.socket`
 * @returns in the order of the units and their lines; empty if the process was not started for sockets
 * @throws {ActivationError} FAPWS_ACTIVATION_NAME if there are sockets, but none of this name;
 *   FAPWS_ACTIVATION_DESCRIPTOR for one that a web server can't listen on;
 *   FAPWS_ACTIVATION_LAUNCHER if they were handed to a program that started this one;
 *   FAPWS_ACTIVATION_VARIABLE for variables that make no sense
 */
export function activation(name?: string): InheritedAddress[] {
  if (given === null) {
    given = readSockets(process.env, process.pid);
    for (const variable of variables) delete process.env[variable];
  }
  const wanted = name === undefined ? given : given.filter(socket => socket.name === name);
  if (wanted.length === 0 && given.length > 0) {
    const names = [...new Set(given.map(socket => JSON.stringify(socket.name)))].join(', ');
    throw new ActivationError(
      'FAPWS_ACTIVATION_NAME',
      `systemd handed over no socket called ${JSON.stringify(name)}, only ${names}. Set FileDescriptorName= in the socket unit, or ask for one of these.`,
    );
  }
  return wanted.map(socket => socket.address);
}

/** Reads and checks what was handed over to the process `pid`. */
export function readSockets(environment: NodeJS.ProcessEnv, pid: number): Socket[] {
  const { LISTEN_FDS: fds, LISTEN_PID: owner, LISTEN_FDNAMES: list } = environment;
  // Without both they are not meant for anybody.
  if (fds === undefined || owner === undefined) return [];
  const count = wholeNumber('LISTEN_FDS', fds);
  if (count === 0) return [];
  if (!isOurs(wholeNumber('LISTEN_PID', owner), pid, count)) return [];
  if (count > MOST) {
    throw new ActivationError(
      'FAPWS_ACTIVATION_VARIABLE',
      `LISTEN_FDS is ${fds}: no process has that many descriptors. Check what sets it.`,
    );
  }
  const names = list === undefined ? new Array<string>(count).fill(NAMELESS) : list.split(':');
  if (names.length !== count) {
    throw new ActivationError(
      'FAPWS_ACTIVATION_VARIABLE',
      `LISTEN_FDNAMES has ${names.length} names (${JSON.stringify(list)}), but LISTEN_FDS is ${count}. Check what sets them.`,
    );
  }
  return names.map((name, index) => {
    const fd = FIRST + index;
    const why = whyNotListening(fd);
    if (why === null) return { name, address: { fd } };
    throw new ActivationError(
      'FAPWS_ACTIVATION_DESCRIPTOR',
      `Descriptor ${fd}, ${JSON.stringify(name)}, of the ${count} that systemd hands over is ${why}. A web server takes listening stream sockets: ListenStream= with Accept=no in the socket unit.`,
    );
  });
}

function wholeNumber(variable: string, text: string): number {
  if (/^[0-9]{1,15}$/.test(text)) return Number(text);
  throw new ActivationError(
    'FAPWS_ACTIVATION_VARIABLE',
    `${variable} is ${JSON.stringify(text)}, not a number. Check what sets it; systemd sets it by itself.`,
  );
}

/**
 * Sockets of another process are none of ours. But if that process is one that led to this one, it is most likely npm or the
 * like, which does not pass descriptors on: going on without would leave clients waiting on a socket that nobody serves.
 */
function isOurs(owner: number, pid: number, count: number): boolean {
  if (owner === pid) return true;
  for (let one = parentOf(pid); one > 0; one = parentOf(one)) {
    if (one !== owner) continue;
    throw new ActivationError(
      'FAPWS_ACTIVATION_LAUNCHER',
      `systemd handed ${count} socket${count === 1 ? '' : 's'} to process ${owner}${programOf(owner)}, which led to this one (${pid}): sockets don't come through a launcher such as npm, tsx or a shell. Let ExecStart= run node itself, or have a shell exec it. If the sockets are not meant for this process, start it without LISTEN_PID.`,
    );
  }
  return false;
}

/** 0 where it can't be known. */
function parentOf(pid: number): number {
  try {
    // The program's name stands in brackets before it and may have any characters.
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return 0;
  }
}

function programOf(pid: number): string {
  try {
    return ` (${readFileSync(`/proc/${pid}/comm`, 'utf8').trim()})`;
  } catch {
    return '';
  }
}
