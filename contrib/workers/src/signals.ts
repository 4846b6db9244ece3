// What signals to the primary do.

import { performance } from 'node:perf_hooks';
import { isatty } from 'node:tty';
import type { StopOptions } from '@fapws/core';

/**
 * `stop` gives requests in progress their grace period, and the second time none. `quit` gives none. `restart` replaces all
 * workers, `more` and `fewer` change their number by one, `reopen` has them reopen their logs.
 */
export type SignalAction = 'stop' | 'quit' | 'restart' | 'more' | 'fewer' | 'reopen';

/** A signal with `false` is left to the program. */
export type SignalActions = Readonly<Partial<Record<NodeJS.Signals, SignalAction | false>>>;

export const defaultSignals: SignalActions = {
  SIGTERM: 'stop',
  SIGINT: 'stop',
  SIGQUIT: 'quit',
  SIGHUP: 'restart',
  SIGUSR2: 'restart',
  SIGUSR1: 'reopen',
  SIGTTIN: 'more',
  SIGTTOU: 'fewer',
};

/** The part of a supervisor that signals are for. */
interface Supervised {
  readonly workers: number;
  stop(options?: StopOptions): Promise<void>;
  restart(): Promise<void>;
  resize(workers: number): Promise<void>;
  reopen(): void;
}

/** Milliseconds within which a second signal is the same one: a terminal's Ctrl-C reaches a child of npm twice. */
const SAME_SIGNAL = 500;

const streams = [0, 1, 2];

/** @returns gives the signals back */
export function hearSignals(
  actions: SignalActions,
  supervised: Supervised,
  say: (text: string) => void,
): () => void {
  let firstStop = Number.NaN;
  const stop = (): void => {
    const now = performance.now();
    if (Number.isNaN(firstStop)) {
      firstStop = now;
      void supervised.stop();
    } else if (now - firstStop >= SAME_SIGNAL) void supervised.stop({ graceMs: 0, lameDuckMs: 0 });
  };
  const terminals = streams.filter(isatty);
  const asked = async (what: string, task: () => Promise<void>): Promise<void> => {
    say(what);
    try {
      await task();
      say(`${what}: done`);
    } catch (error) {
      say(`${what}: given up: ${(error as Error).message}`);
    }
  };
  const resize = (by: number): void => {
    const workers = supervised.workers + by;
    if (workers >= 1)
      void asked(`${workers} worker${workers === 1 ? '' : 's'}`, () => supervised.resize(workers));
  };
  const deeds: Record<SignalAction, (signal: NodeJS.Signals) => void> = {
    stop,
    quit: () => void supervised.stop({ graceMs: 0, lameDuckMs: 0 }),
    restart: signal => {
      // Its terminal has been closed: nobody is left who could end it.
      if (signal === 'SIGHUP' && terminals.length > 0 && !terminals.some(isatty)) stop();
      else void asked('rolling restart', () => supervised.restart());
    },
    more: () => resize(1),
    fewer: () => resize(-1),
    reopen: () => supervised.reopen(),
  };
  const listeners = Object.entries(actions).flatMap(([signal, action]) => {
    if (action === false) return [];
    const listener = (): void => deeds[action](signal as NodeJS.Signals);
    process.on(signal, listener);
    return [{ signal, listener }];
  });
  return () => {
    for (const { signal, listener } of listeners) process.off(signal, listener);
  };
}
