// The worker's side: finds the sockets that it inherits, serves, tells how it is, and does what it is told.

import { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import {
  type InheritedAddress,
  type RunOptions,
  type Server,
  type StopOptions,
  standardError,
} from '@fapws/core';
import { CHANNEL, Channel, FIRST_SOCKET } from './channel.ts';
import { WorkersError } from './errors.ts';
import { type Assignment, type Order, type Report, VARIABLE } from './messages.ts';

/** Milliseconds within which a second signal is the same one, as in core. */
const SAME_SIGNAL = 500;

/** What this process was started for; null if it is no worker. */
const assignment: Assignment | null = takeAssignment();

/**
 * The listening sockets that the primary has opened, for `start`, in the order of its `listen`. Empty in a process that was
 * started by itself.
 */
export function inherited(): InheritedAddress[] {
  return Array.from({ length: assignment?.sockets ?? 0 }, (_, index) => ({ fd: FIRST_SOCKET + index }));
}

/** Which worker this is, from 1 on; 0 in a process that was started by itself. A replacement has the number of its predecessor. */
export function workerId(): number {
  return assignment?.id ?? 0;
}

/**
 * Runs a server, or several that belong together, as a worker: says when it listens, gives signs of life, and stops when it is
 * told to or when the primary is gone. Resolves when it has stopped. In a process that was started by itself it is `server.run`.
 *
 * @param options for a process that was started by itself; a worker stops and prints as the supervisor says
 * @throws {ListenError}
 */
export async function run(server: Server | readonly Server[], options: RunOptions = {}): Promise<void> {
  const servers: readonly Server[] = 'run' in server ? [server] : server;
  if (assignment === null) await Promise.all(servers.map(one => one.run(options)));
  else await new Worker(servers, assignment).run();
}

class Worker {
  readonly #servers: readonly Server[];
  readonly #assignment: Assignment;
  readonly #channel: Channel;
  #stopOrder: StopOptions | null = null;
  #listening = false;
  #stopped = false;
  #requests = 0;
  #beatDue = 0;
  #utilization = performance.eventLoopUtilization();

  constructor(servers: readonly Server[], assigned: Assignment) {
    this.#servers = servers;
    this.#assignment = assigned;
    if (assigned.maxRequests > 0) for (const server of servers) this.#count(server, assigned.maxRequests);
    const socket = new Socket({ fd: CHANNEL, readable: true, writable: true });
    this.#channel = new Channel(
      socket,
      message => this.#obey(message as Order),
      () => this.#orphaned(),
    );
    this.#channel.unref();
  }

  async run(): Promise<void> {
    const servers = this.#servers;
    const release = this.#hearSignals();
    for (const { whenStopping } of servers) void whenStopping.then(() => this.#say({ stopping: true }));
    try {
      await this.#listen();
      this.#listening = true;
      this.#beatDue = performance.now();
      const timer = setInterval(() => this.#beat(), this.#assignment.beatMs);
      timer.unref();
      this.#beat();
      this.#say({ ready: servers.flatMap(server => server.addresses) });
      // The order may have come while the sockets were being opened.
      if (this.#stopOrder !== null) this.#stop(this.#stopOrder);
      await Promise.all(servers.map(server => server.whenStopped));
      clearInterval(timer);
    } finally {
      this.#stopped = true;
      release();
      this.#channel.close();
    }
  }

  async #listen(): Promise<void> {
    try {
      await Promise.all(this.#servers.map(server => server.listen()));
    } catch (error) {
      this.#say({ failed: (error as Error).message });
      for (const server of this.#servers) void server.stop({ graceMs: 0 });
      throw error;
    }
  }

  #count(server: Server, most: number): void {
    server.use(application => (environ, startResponse) => {
      this.#requests += 1;
      if (this.#requests === most) this.#beat();
      return application(environ, startResponse);
    });
  }

  #beat(): void {
    const now = performance.now();
    const lag = Math.max(0, now - this.#beatDue);
    this.#beatDue = now + this.#assignment.beatMs;
    const utilization = performance.eventLoopUtilization();
    const { utilization: busy } = performance.eventLoopUtilization(utilization, this.#utilization);
    this.#utilization = utilization;
    this.#say({ vitals: { rss: process.memoryUsage.rss(), lag, busy, requests: this.#requests } });
  }

  #say(report: Report): void {
    this.#channel.send(report);
  }

  #obey({ stop, signals }: Order): void {
    if (stop !== undefined) this.#stop(stop);
    for (const signal of signals ?? []) {
      // As if it had come from the system; without a listener that would end the process, or start Node's inspector.
      process.emit(signal, signal);
    }
  }

  #stop(options: StopOptions): void {
    this.#stopOrder = options;
    if (this.#listening) for (const server of this.#servers) void server.stop(options);
  }

  #orphaned(): void {
    if (this.#stopped) return;
    standardError.write(
      `fapws: worker ${this.#assignment.id} (process ${process.pid}): its primary is gone, so it stops\n`,
    );
    this.#stop(this.#assignment.stop);
  }

  /**
   * SIGTERM is for this worker alone. What a terminal sends to all of its processes is the primary's to decide about.
   * @returns gives the signals back
   */
  #hearSignals(): () => void {
    let first = Number.NaN;
    const terminate = (): void => {
      const now = performance.now();
      if (Number.isNaN(first)) {
        first = now;
        this.#stop(this.#assignment.stop);
      } else if (now - first >= SAME_SIGNAL) this.#stop({ graceMs: 0 });
    };
    const ignore = (): void => {};
    process.on('SIGTERM', terminate);
    for (const signal of ['SIGINT', 'SIGHUP', 'SIGQUIT'] as const) process.on(signal, ignore);
    return () => {
      process.off('SIGTERM', terminate);
      for (const signal of ['SIGINT', 'SIGHUP', 'SIGQUIT'] as const) process.off(signal, ignore);
    };
  }
}

/** Takes the variable out of the environment, so that no child process believes that it is meant. */
function takeAssignment(): Assignment | null {
  const text = process.env[VARIABLE];
  delete process.env[VARIABLE];
  if (text === undefined) return null;
  const given = JSON.parse(text) as Assignment;
  if (given.primary === process.ppid) return given;
  // A process that a worker has started, with the worker's environment, is no worker.
  if (isAlive(given.primary)) return null;
  throw new WorkersError(
    'FAPWS_WORKERS_START',
    `Worker ${given.id} was started by process ${given.primary}, which is gone. If this process is to serve by itself, start it without ${VARIABLE}.`,
  );
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
