// What the supervisor tells a worker besides the command line: what can't be read from there a second time, because this
// process has gone to another folder since.

import type { Handover } from './development/passing.ts';
import type { Settings } from './options/settings.ts';

const VARIABLE = 'FAPWS_COMMAND';

interface HandedOver {
  readonly configFile: string | null;
  /** null when not in development mode. */
  readonly development: Handover | null;
}

/** For the environment of workers. */
export function handOver(
  { configFile }: Settings,
  development: Handover | null,
): Readonly<Record<string, string>> {
  return { [VARIABLE]: JSON.stringify({ configFile, development } satisfies HandedOver) };
}

/** Takes it out of the environment, which the application's own processes inherit. */
export function takeHandedOver(environment: NodeJS.ProcessEnv): HandedOver {
  const text = environment[VARIABLE];
  delete environment[VARIABLE];
  if (text === undefined) throw new Error('This is a worker of the fapws command, which starts it.');
  return JSON.parse(text) as HandedOver;
}
