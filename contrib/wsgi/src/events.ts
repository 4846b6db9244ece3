// What happens to processes and to those who wait for them, for those who count or log it: channels of
// node:diagnostics_channel, as in docs/observing.md. Without a subscriber nothing is built.

import { channel } from 'node:diagnostics_channel';

/** Why a process ended, or is to end. */
export type EndReason =
  /** It ended by itself: a crash, a signal, os._exit(). */
  | 'crash'
  /** Its application could not be loaded. */
  | 'start'
  /** It had given nothing to a request for `requestTimeout`. */
  | 'timeout'
  | 'maxRequests'
  | 'maxLifetime'
  | 'maxMemory'
  /** `reload()` has put another one in its place. */
  | 'reload'
  /** There was nothing to do for it. */
  | 'idle'
  /** `close()` was called. */
  | 'close';

/** What every event says. */
export interface WorkerEvent {
  /** As pythonApp was given it. */
  readonly application: string;
  /** undefined if there was no process yet. */
  readonly pid: number | undefined;
}

/** `fapws:wsgi.worker.ready`: an application is loaded, and the process takes requests. */
export interface WorkerReadyEvent extends WorkerEvent {
  /** Seconds that it took. */
  readonly seconds: number;
}

/** `fapws:wsgi.worker.failed`: an application could not be loaded. */
export interface WorkerFailedEvent extends WorkerEvent {
  /** With Python's traceback. */
  readonly error: Error;
}

/** `fapws:wsgi.worker.retiring`: a process is to be replaced, or not needed any more. */
export interface WorkerRetiringEvent extends WorkerEvent {
  readonly reason: EndReason;
}

/** `fapws:wsgi.worker.stuck`: the application has given nothing to a request for `requestTimeout`. */
export interface WorkerStuckEvent extends WorkerEvent {
  readonly method: string;
  readonly target: string;
}

/** `fapws:wsgi.worker.exited`: a process has ended. */
export interface WorkerExitedEvent extends WorkerEvent {
  readonly reason: EndReason;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Requests that it has had. */
  readonly requests: number;
  /** Requests that it had begun, or may have, and whose clients have got 502 or a cut answer. */
  readonly lost: number;
  /** Requests that it had not begun, and that go to another process. */
  readonly moved: number;
}

/** `fapws:wsgi.refused`: a request has found too many waiting (503), or has waited too long (504). */
export interface QueueRefusedEvent {
  readonly application: string;
  /** Status code and reason. */
  readonly status: string;
  readonly method: string;
  readonly target: string;
}

/** `fapws:wsgi.reload`: `reload()` has come to its end. */
export interface ReloadEvent {
  readonly application: string;
  /** Why the processes are those from before; null if they are new. */
  readonly error: Error | null;
}

interface Events {
  'fapws:wsgi.worker.ready': WorkerReadyEvent;
  'fapws:wsgi.worker.failed': WorkerFailedEvent;
  'fapws:wsgi.worker.retiring': WorkerRetiringEvent;
  'fapws:wsgi.worker.stuck': WorkerStuckEvent;
  'fapws:wsgi.worker.exited': WorkerExitedEvent;
  'fapws:wsgi.refused': QueueRefusedEvent;
  'fapws:wsgi.reload': ReloadEvent;
}

/** @param event makes the message, if anybody listens */
export function tell<Name extends keyof Events>(name: Name, event: () => Events[Name]): void {
  const destination = channel(name);
  if (destination.hasSubscribers) destination.publish(event());
}
