// What the supervisor tells a worker besides the command line: what can't be read from there a second time, because this
// process has gone to another folder since.

import type { Handover } from './development/passing.ts';

const VARIABLE = 'FAPWS_COMMAND';

export interface HandedOver {
  readonly configFile: string | null;
  /** null when not in development mode. */
  readonly development: Handover | null;
  /** Python processes, where a signal has changed their number; null for those of the options. */
  readonly workers: number | null;
}

/** For the environment of workers. */
export function handOver(what: HandedOver): Record<string, string> {
  return { [VARIABLE]: JSON.stringify(what) };
}

/** Takes it out of the environment, which the application's own processes inherit. */
export function takeHandedOver(environment: NodeJS.ProcessEnv): HandedOver {
  const text = environment[VARIABLE];
  delete environment[VARIABLE];
  if (text === undefined) throw new Error('This is a worker of the fapws command, which starts it.');
  return JSON.parse(text) as HandedOver;
}
