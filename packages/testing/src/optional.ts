// Parts that a machine may lack (wrk, a browser, Python …): tests that need one are skipped with a word on how to get it,
// and fail instead where everything has to be there, as in CI.

import { run } from './program.ts';

/** With this variable set to anything but the empty string, a missing part is an error. */
const requireAll = 'FAPWS_REQUIRE_OPTIONAL';

const told = new Set<string>();

/**
 * Says whether tests that need a part of the machine can run; to be given to `describe.runIf` or `test.runIf`.
 *
 * @param name what is needed, as its user calls it: `'wrk'`
 * @param available whether it is there
 * @param howToGet what to do about it: `'apt-get install wrk'`
 * @throws Error if it is not there and `FAPWS_REQUIRE_OPTIONAL` is set
 */
export function optional(name: string, available: boolean, howToGet: string): boolean {
  if (available) return true;
  const message = `${name} is not here; to run the tests that need it: ${howToGet}`;
  if (process.env[requireAll]) throw new Error(`${message} (${requireAll} is set)`);
  if (!told.has(name)) console.warn(`skipped: ${message}`);
  told.add(name);
  return false;
}

/**
 * Whether a program of the system is there: {@link optional} for anything that knows `--version`.
 *
 * @param howToGet what to do about it
 */
export function installed(command: string, howToGet = `apt-get install ${command}`): boolean {
  return optional(command, run(command, ['--version']).code !== null, howToGet);
}
