// What can be watched of workers: `subscribe('fapws:workers', …)` of node:diagnostics_channel.

import { channel } from 'node:diagnostics_channel';

/** Why a worker came in place of another one. */
export type RestartReason =
  /** It did not get to serve. */
  | 'start'
  /** It ended by an error or a signal. */
  | 'crash'
  /** It ended, or began to, without having been told by the primary. */
  | 'exit'
  /** Its event loop stood still. */
  | 'hang'
  | 'memory'
  | 'requests'
  | 'lifetime'
  /** `restart()`, or a signal for that. */
  | 'restart';

export type WorkersEvent =
  | {
      readonly event: 'starting' | 'ready' | 'hanging' | 'stopping';
      readonly id: number;
      readonly pid: number;
    }
  | {
      readonly event: 'ended';
      readonly id: number;
      readonly pid: number;
      readonly code: number | null;
      readonly signal: NodeJS.Signals | null;
      /** null if it was told to end. */
      readonly reason: RestartReason | null;
    }
  | { readonly event: 'restarting' | 'restarted' }
  | { readonly event: 'restart-failed'; readonly error: Error };

const workers = channel('fapws:workers');

export function publish(event: WorkersEvent): void {
  if (workers.hasSubscribers) workers.publish(event);
}
