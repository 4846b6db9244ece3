// Which user the processes run as that see requests. This one keeps what it has: it opens sockets again and writes the pid file.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { UsageError } from './errors.ts';
import type { Settings } from './options/settings.ts';

export interface Identity {
  readonly uid?: number;
  readonly gid?: number;
}

/** @throws {UsageError} for names that nobody has, and when this process may not give its rights away */
export function identityOf({ values, origins }: Settings): Identity {
  const { user, group } = values;
  if (user === undefined && group === undefined) return {};
  if (process.geteuid?.() !== 0) {
    throw new UsageError(
      `${user === undefined ? origins.group : origins.user}: only root can become somebody else.`,
      'Leave it out, or start the command as root.',
    );
  }
  const uid = user === undefined ? undefined : numberOf('-u', user, origins.user);
  const gid =
    group === undefined ? numberOf('-g', user as string, origins.user) : groupOf(group, origins.group);
  return uid === undefined ? { gid } : { uid, gid };
}

/** A number stands for itself, as in other servers. */
function numberOf(what: '-u' | '-g', user: string, origin: string): number {
  if (what === '-u' && /^\d+$/.test(user)) return Number(user);
  try {
    return Number(
      execFileSync('id', [what, '--', user], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
    );
  } catch {
    throw new UsageError(
      `${origin}: there is no user ${user}.`,
      what === '-g' && /^\d+$/.test(user)
        ? 'Say the group, too, with --group.'
        : 'Check the name with: id NAME.',
    );
  }
}

function groupOf(group: string, origin: string): number {
  if (/^\d+$/.test(group)) return Number(group);
  for (const entry of groupEntries(group)) {
    const [name, , number] = entry.split(':');
    if (name === group && number !== undefined) return Number(number);
  }
  throw new UsageError(`${origin}: there is no group ${group}.`, 'Check the name with: getent group NAME.');
}

/** What the system knows of a group, from wherever it has it; where there is no getent, the file. */
function groupEntries(group: string): readonly string[] {
  try {
    return [
      execFileSync('getent', ['group', group], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
    ];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return [];
    return readFileSync('/etc/group', 'utf8').split('\n');
  }
}
