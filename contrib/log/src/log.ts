// The middleware: notes when a request comes, and has core tell when its answer is over.

import type { Application, Environ, Middleware, Outcome } from '@fapws/core';
import { requestLineOf } from './atoms.ts';
import { answeredEntry, type Entry, refusedEntry } from './entry.ts';
import { type LogOptions, settingsOf } from './options.ts';
import { claim, lookOut } from './unanswered.ts';

/** A middleware that writes a log, and what can be done with that log. */
export interface AccessLog extends Middleware {
  /** Lines that could not be written and never will be. */
  readonly lost: number;
  /** Resolves when all lines so far are written, or when that has failed. */
  flush(): Promise<void>;
  /**
   * Opens the file again, as the signal does: after it was moved away.
   *
   * @throws {Error} when it can't be opened; the old file stays in use
   */
  reopen(): Promise<void>;
  /** Writes what waits, and logs nothing more. */
  close(): Promise<void>;
}

/**
 * Writes a line for each request when its answer is over.
 *
 * @param options see {@link LogOptions}
 * @returns a middleware, for `server.use(log())` or around one application
 * @throws {RangeError | TypeError} naming the option that is wrong
 * @throws {Error} of the system, when the file can't be opened
 */
export function log(options?: LogOptions): AccessLog;
/** `log(application)` is `log()(application)`: combined, to standard output. */
export function log(application: Application): Application;
export function log(given: LogOptions | Application = {}): AccessLog | Application {
  return typeof given === 'function' ? accessLog({})(given) : accessLog(given);
}

function accessLog(options: LogOptions): AccessLog {
  const { format, destination, refused, giveId, skip, report } = settingsOf(options);
  const { render, timed } = format;
  /** Servers whose end is looked out for. */
  const servers = new WeakSet<AbortSignal>();

  const followServer = (stopping: AbortSignal | undefined): void => {
    if (stopping === undefined || servers.has(stopping)) return;
    servers.add(stopping);
    if (stopping.aborted) destination.hurry();
    else stopping.addEventListener('abort', () => destination.hurry(), { once: true });
  };

  // HOT.
  const finish = (environ: Environ, began: number, from: number, outcome: Outcome): void => {
    const cutByTimeout = !outcome.complete && claim(requestLineOf({ environ }) ?? '', outcome);
    if (skip?.(environ, outcome)) return;
    const duration = timed ? performance.now() - from : 0;
    destination.write(render(answeredEntry(environ, began, duration, outcome, cutByTimeout)));
  };

  const finishRefused = (entry: Entry): void => {
    try {
      destination.write(render(entry));
    } catch (error) {
      // Nobody else is there to catch it.
      report(`fapws log: a refused request could not be logged: ${String(error)}`);
    }
  };

  const end = lookOut(refused ? event => finishRefused(refusedEntry(event, Date.now())) : null);

  const middleware: Middleware = application => {
    let followed = false;
    // HOT.
    return (environ, startResponse) => {
      if (!followed) {
        followed = true;
        followServer(environ['fapws.stopping']);
      }
      const began = Date.now();
      const from = timed ? performance.now() : 0;
      environ['fapws.after'](outcome => finish(environ, began, from, outcome));
      return application(environ, giveId === null ? startResponse : giveId(environ, startResponse));
    };
  };

  return Object.defineProperties(middleware, {
    lost: { get: () => destination.lost },
    flush: { value: () => destination.flush() },
    reopen: { value: () => destination.reopen() },
    close: {
      value: () => {
        end();
        return destination.close();
      },
    },
  }) as AccessLog;
}
