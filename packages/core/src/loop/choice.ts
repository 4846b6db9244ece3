// The choice of the event loop by LIBEV_FLAGS, as Fapws3 had it: one number, a bit for each back end.

import { ListenError } from './errors.ts';

/** The bits of LIBEV_FLAGS, with libev's own meaning. */
const backends: ReadonlyMap<number, string> = new Map([
  [1, 'select'],
  [2, 'poll'],
  [4, 'epoll'],
  [8, 'kqueue'],
  [16, 'devpoll'],
  [32, 'port'],
  [64, 'linuxaio'],
  [128, 'io_uring'],
]);

/**
 * Reads LIBEV_FLAGS against the back ends that are there.
 * @param flags the variable's text; unset, empty or `0` ask for the best one
 * @param available names of the back ends that can be chosen here, best first; the portable loop is not one of them
 * @returns the name of the back end to use, or null for the portable loop
 * @throws {ListenError} FAPWS_LOOP_UNAVAILABLE when the flags name none of those that are there
 */
export function chooseBackend(flags: string | undefined, available: readonly string[]): string | null {
  const best = available[0] ?? null;
  if (flags === undefined || flags === '') return best;
  const wanted = Number(flags);
  // Digits only: Number also takes blanks for 0 and reads 1e1.
  if (!/^\d+$/.test(flags)) {
    throw new ListenError(
      'FAPWS_LOOP_UNAVAILABLE',
      `LIBEV_FLAGS=${JSON.stringify(flags)} is not a number. ${whatThereIs(available)}`,
    );
  }
  if (wanted === 0) return best;
  for (const name of available) {
    for (const [bit, backend] of backends) {
      if (backend === name && (wanted & bit) !== 0) return name;
    }
  }
  throw new ListenError(
    'FAPWS_LOOP_UNAVAILABLE',
    `LIBEV_FLAGS=${flags} asks for ${nameOf(wanted)}, which this installation does not have. ${whatThereIs(available)}`,
  );
}

function nameOf(flags: number): string {
  const names = [...backends].filter(([bit]) => (flags & bit) !== 0).map(([, name]) => name);
  return names.length === 0 ? 'a back end that does not exist' : names.join(' or ');
}

function whatThereIs(available: readonly string[]): string {
  const flags = [...backends]
    .filter(([, name]) => available.includes(name))
    .map(([bit, name]) => `${bit} = ${name}`);
  return flags.length === 0
    ? 'Only the portable loop is here, which takes no flag: unset LIBEV_FLAGS.'
    : `Available are: ${flags.join(', ')}. Unset LIBEV_FLAGS for the best one.`;
}
