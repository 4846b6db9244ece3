// Serving in this process: as one of several that a supervisor watches, or as the only one.

import type { Address, Middleware } from '@fapws/core';
import { notify } from '@fapws/systemd';
import { inherited, run } from '@fapws/workers';
import { type Front, frontOf, mountAll } from './front.ts';
import type { Settings } from './options/settings.ts';
import { setUpProcess, setVariables } from './prepare.ts';

/** Loads the application into a server that listens nowhere yet. */
export async function loadedFront(
  settings: Settings,
  addresses: readonly Address[],
  outermost?: Middleware,
): Promise<Front> {
  if (settings.language !== 'python') setVariables(settings);
  const front = frontOf(settings, addresses, outermost);
  try {
    await mountAll(front, settings);
  } catch (error) {
    await closeAll(front);
    throw error;
  }
  return front;
}

export async function closeAll({ access, python }: Front): Promise<void> {
  await Promise.all([access?.close(), python?.close()]);
}

/** As a worker of a supervisor: on the sockets that it has opened, until it says stop. */
export async function serveAsWorker(settings: Settings): Promise<void> {
  const front = await loadedFront(settings, inherited());
  const release = reopenOnSignal(front);
  try {
    await run(front.server);
  } finally {
    release();
    await closeAll(front);
  }
}

/** As the only process: SIGTERM stops it, SIGINT and SIGQUIT at once, SIGHUP loads a Python application anew. */
export async function serveAlone(settings: Settings, addresses: readonly Address[]): Promise<void> {
  setUpProcess(settings, 'server');
  const { values } = settings;
  const front = await loadedFront(settings, addresses);
  const { server, python } = front;
  notify(server);
  const graceMs = values.gracefulTimeout * 1000;
  const on: Partial<Record<NodeJS.Signals, () => void>> = {
    SIGTERM: () => void server.stop({ graceMs, lameDuckMs: values.lameDuck * 1000 }),
    SIGINT: () => void server.stop({ graceMs: 0 }),
    SIGQUIT: () => void server.stop({ graceMs: 0 }),
    SIGHUP: () => {
      if (python === null) {
        process.stderr.write('fapws: SIGHUP: without a supervisor the process has to be started anew\n');
      } else python.reload().catch((error: Error) => process.stderr.write(`fapws: ${error.message}\n`));
    },
  };
  const release = [reopenOnSignal(front), ...Object.entries(on).map(([signal, act]) => hear(signal, act))];
  try {
    await server.run({ signals: false });
  } finally {
    for (const one of release) one();
    await closeAll(front);
  }
}

/** SIGUSR1 opens the access log again. @returns stops hearing it */
export function reopenOnSignal({ access }: Front): () => void {
  return hear('SIGUSR1', () => {
    access?.reopen().catch((error: Error) => {
      process.stderr.write(
        `fapws: the access log can't be opened again, the old file stays in use: ${error.message}\n`,
      );
    });
  });
}

/** @returns stops hearing it */
function hear(signal: string, act: () => void): () => void {
  process.on(signal, act);
  return () => process.off(signal, act);
}
