// The outermost middleware while an application is being written: a request that comes after an edit waits until a process has
// loaded what the files say now, and is answered by that one.

import { relative } from 'node:path';
import type { Application, Middleware } from '@fapws/core';
import { failurePage } from './failure-page.ts';
import { askedOf, claimOf, type Handover, pass } from './passing.ts';
import type { WatchedFiles } from './watched-files.ts';

export interface Successors {
  /** Starts a process and resolves with its socket when that listens. Asked again meanwhile, it is the same. */
  next(): Promise<string>;
}

/**
 * @param loaded files that the application consists of, brought up to date
 * @param say tells the terminal
 */
export function fresh(
  loaded: () => WatchedFiles,
  successors: Successors,
  handover: Handover,
  say: (line: string) => void,
): Middleware {
  let successor: Promise<string> | null = null;
  /** What is shown until the next edit, when no process could be started. */
  let failure: Application | null = null;

  const succeed = (changed: string): Promise<string> => {
    failure = null;
    if (successor === null) {
      say(`${relative('', changed)} has changed`);
      const started = successors.next();
      successor = started;
      started.catch((error: Error) => {
        successor = null;
        failure = failurePage(error.message);
        loaded().lookAgain();
      });
    }
    return successor;
  };

  return application => (environ, startResponse) => {
    const claim = claimOf(environ, handover);
    if (claim !== null) Object.assign(environ, claim);
    // What it was handed over is not handed on: it was started for just that.
    const changed = claim === null && successor === null ? loaded().changed() : null;
    if (claim !== null || (changed === null && successor === null)) {
      return (failure ?? application)(environ, startResponse);
    }
    return (async () => {
      let socket: string;
      try {
        socket = await succeed(changed ?? '');
      } catch (error) {
        return failurePage((error as Error).message)(environ, startResponse);
      }
      return pass(environ, startResponse, socket, askedOf(environ, handover));
    })();
  };
}
