// Serving in processes that are watched and replaced. This process opens the sockets, starts the others, and does what signals
// ask for; it loads no application and sees no request.

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { availableParallelism } from 'node:os';
import { extname } from 'node:path';
import { addressText } from '@fapws/core';
import { notify } from '@fapws/systemd';
import {
  type SignalActions,
  type Supervisor,
  type SupervisorOptions,
  supervise,
  WorkersError,
  type WorkersEvent,
} from '@fapws/workers';
import type { Places } from './addresses.ts';
import { pythonNameOf } from './application/python-settings.ts';
import { Succession } from './development/succession.ts';
import { exitCodes } from './errors.ts';
import { type HandedOver, handOver } from './hand-over.ts';
import type { Settings } from './options/settings.ts';
import { PidFile } from './pid-file.ts';
import { setUpProcess } from './prepare.ts';
import { identityOf } from './privileges.ts';
import { Resizing } from './resizing.ts';

/** As gunicorn's users know them, apart from SIGUSR2: there is no second master to be started. */
const signals: SignalActions = {
  SIGTERM: 'stop',
  SIGINT: 'quit',
  SIGQUIT: 'quit',
  SIGHUP: 'restart',
  SIGUSR2: 'restart',
  SIGUSR1: 'reopen',
  SIGTTIN: 'more',
  SIGTTOU: 'fewer',
};

/** More and fewer are Python's processes, which are not this one's. */
function signalsFor({ language }: Settings): SignalActions {
  return language === 'python' ? { ...signals, SIGTTIN: false, SIGTTOU: false } : signals;
}

/** Seconds without a sign of life after which a process that speaks HTTP for Python is replaced. */
const FRONT_HEARTBEAT = 30;

const SHORTEST_HEARTBEAT = 0.1;

/** Seconds that streams of a process have which is replaced because of an edit. */
const DEVELOPMENT_GRACE = 2;

const program: URL = new URL(`./worker${extname(import.meta.url)}`, import.meta.url);

/**
 * Serves until a signal ends it.
 * @param args the command line, which each worker reads again: so a restart sees a changed configuration file
 * @returns the exit code
 * @throws {UsageError}, ListenError
 */
export async function serveSupervised(
  settings: Settings,
  { addresses }: Places,
  args: readonly string[],
): Promise<number> {
  setUpProcess(settings, 'supervisor');
  using _pidFile = PidFile.of(settings);
  await using succession = settings.values.reload ? await Succession.open() : null;
  const told: HandedOver = {
    configFile: settings.configFile,
    development: succession?.handover ?? null,
    workers: null,
  };
  const env = handOver(told);
  const supervisor = supervise(program, { ...optionsOf(settings), env, listen: addresses, args });
  notify(supervisor);
  succession?.serve(supervisor);
  using _resizing =
    settings.language === 'python' && !settings.values.reload
      ? new Resizing(settings, supervisor, workers => Object.assign(env, handOver({ ...told, workers })))
      : null;
  let lastCode: number | null = null;
  const watch = (event: unknown): void => {
    const { event: what, code } = event as WorkersEvent & { readonly code?: number | null };
    if (what === 'ended') lastCode = code ?? null;
  };
  subscribe('fapws:workers', watch);
  try {
    await supervisor.run({
      signals: signalsFor(settings),
      print: () => console.log(startLine(supervisor, settings)),
    });
    return exitCodes.fine;
  } catch (error) {
    if (!(error instanceof WorkersError) || error.code !== 'FAPWS_WORKERS_START') throw error;
    // A worker that could not load the application has said why.
    if (lastCode === exitCodes.usage || lastCode === exitCodes.failed) return lastCode;
    throw error;
  } finally {
    unsubscribe('fapws:workers', watch);
  }
}

function optionsOf(settings: Settings): SupervisorOptions {
  const { values, language } = settings;
  return {
    workers: processesOf(settings),
    reusePort: values.reusePort,
    // What a module of --import does is done in workers, too.
    execArgv: [...process.execArgv, ...values.import.flatMap(module => ['--import', module])],
    ...identityOf(settings),
    // A Python application is given that time by its front.
    startTimeout: values.startTimeout + (language === 'python' ? 5 : 0),
    graceMs:
      (values.reload ? Math.min(values.gracefulTimeout, DEVELOPMENT_GRACE) : values.gracefulTimeout) * 1000,
    lameDuckMs: values.lameDuck * 1000,
    ...(language === 'python'
      ? { heartbeatTimeout: FRONT_HEARTBEAT }
      : {
          // Somebody may sit at a breakpoint.
          heartbeatTimeout: values.reload
            ? orNever(0)
            : Math.max(orNever(values.timeout), SHORTEST_HEARTBEAT),
          maxRequests: orNever(values.maxRequests),
          maxRequestsJitter: values.maxRequestsJitter,
          maxLifetime: orNever(values.maxLifetime),
          maxMemory: orNever(values.maxMemory),
        }),
  };
}

function orNever(value: number): number {
  return value === 0 ? Number.POSITIVE_INFINITY : value;
}

/** How many processes speak HTTP. */
function processesOf({ values, language }: Settings): number {
  if (values.reload) return 1;
  if (language === 'python') return values.fronts;
  return values.workers.auto ? availableParallelism() : values.workers.most;
}

function startLine(supervisor: Supervisor, { values, language }: Settings): string {
  const where = supervisor.addresses
    .map(address => ('port' in address ? `http://${addressText(address)}` : addressText(address)))
    .join(', ');
  const what = language === 'python' ? pythonNameOf(values.wsgi as string) : (values.app ?? 'files');
  const count = supervisor.workers;
  const processes = `${count} ${language === 'python' ? 'front' : 'worker'}${count === 1 ? '' : 's'}`;
  return `fapws: listening on ${where} (${what}, ${processes}, process ${process.pid})`;
}
