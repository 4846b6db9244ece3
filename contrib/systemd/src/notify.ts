// Tells the service manager how a server is, as sd_notify(3) describes it: ready, stopping, alive.

import { type Server, standardError } from '@fapws/core';
import { Messenger } from './messenger.ts';

export interface NotifyOptions {
  /**
   * Says with READY=1 that this process is the unit's main one from now on. For a process that takes over from another one;
   * under a launcher such as npm it would hide the exit status from systemd, and so `Restart=on-failure`. @default false
   */
  readonly mainPid?: boolean | undefined;
  /** The program that carries the messages, found by PATH or a path. @default 'systemd-notify' */
  readonly program?: string | undefined;
}

/** The service manager, to tell it more. Without one all of this does nothing. */
export interface ServiceManager {
  /** Whether this process was started by a service manager that wants to be told. */
  readonly listens: boolean;
  /**
   * Sends assignments as one message: `send('STATUS=warming up', 'EXTEND_TIMEOUT_USEC=5000000')`. Messages arrive in order.
   * The wait for an answer does not keep the process alive.
   * @returns whether it was taken; false without a manager or after a failure, which is reported once
   * @throws {TypeError} for what is no assignment
   */
  send(...assignments: string[]): Promise<boolean>;
  /** Says RELOADING=1, runs the task, and says READY=1, also if it fails: `Type=notify-reload` waits for that. */
  reload(task: () => unknown): Promise<void>;
}

/** What is kept an eye on: a server, or what acts for several, such as the supervisor of @fapws/workers. */
export type Service = Pick<Server, 'addTimer' | 'url' | 'whenListening' | 'whenStopping'>;

/** An assignment of sd_notify(3), without control characters. */
const ASSIGNMENT = /^[A-Z][A-Z0-9_]*=\P{Cc}*$/u;

const variables = ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID'];

/** What a timer of the server can hold. Seconds. */
const LONGEST_PERIOD = 2_147_483;

/**
 * Keeps systemd informed of a server, or of several that are one service: READY=1 when all of them listen, STOPPING=1 when the
 * first begins to stop, WATCHDOG=1 twice per `WatchdogSec=`. Called once, before the server runs. The variables are taken out
 * of the environment, so that no child process speaks in the service's name. Without systemd it does nothing, and no failure
 * here ends the server: it is written to the error stream, once.
 */
export function notify(server: Service | readonly Service[], options: NotifyOptions = {}): ServiceManager {
  const { NOTIFY_SOCKET: socket, WATCHDOG_USEC: period, WATCHDOG_PID: watched } = process.env;
  for (const variable of variables) delete process.env[variable];
  let reported = false;
  const report = (what: string): void => {
    if (reported) return;
    reported = true;
    standardError.write(`fapws: systemd can't be told how the server is: ${what}\n`);
  };
  const messenger = socket
    ? new Messenger({ socket, program: options.program ?? 'systemd-notify', report })
    : null;
  const manager = managerBehind(messenger);
  const servers = 'url' in server ? [server] : server;
  if (messenger !== null && servers[0] !== undefined) {
    followLife(servers, messenger, options.mainPid === true);
    keepAlive(servers[0], messenger, watchdogSeconds(period, watched, report));
  }
  return manager;
}

function managerBehind(messenger: Messenger | null): ServiceManager {
  const send = async (...assignments: string[]): Promise<boolean> => {
    const wrong = assignments.find(text => typeof text !== 'string' || !ASSIGNMENT.test(text));
    if (wrong !== undefined || assignments.length === 0) {
      throw new TypeError(
        `${JSON.stringify(wrong) ?? 'Nothing'} can't be sent to systemd: a message is made of assignments of one line, such as 'STATUS=warming up'.`,
      );
    }
    return messenger === null ? false : await messenger.send(assignments);
  };
  return {
    listens: messenger !== null,
    send,
    async reload(task) {
      // CLOCK_MONOTONIC is what hrtime reads on Linux: systemd tells by it which of its requests this is about.
      void send('RELOADING=1', `MONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`);
      try {
        await task();
      } finally {
        void send('READY=1');
      }
    },
  };
}

function followLife(servers: readonly Service[], messenger: Messenger, mainPid: boolean): void {
  void Promise.all(servers.map(one => one.whenListening)).then(() => {
    const where = servers.map(one => one.url).join(', ');
    const main = mainPid ? [`MAINPID=${process.pid}`] : [];
    return messenger.send(['READY=1', `STATUS=listening on ${where}`, ...main]);
  });
  void Promise.race(servers.map(one => one.whenStopping)).then(() =>
    messenger.send(['STOPPING=1', 'STATUS=finishing the requests in progress']),
  );
}

/** systemd minds the watchdog from READY=1 to STOPPING=1, as long as the server's timers run. */
function keepAlive(server: Service, messenger: Messenger, seconds: number): void {
  if (seconds === 0) return;
  server.addTimer(Math.min(seconds / 2, LONGEST_PERIOD), () => {
    // A message that waits already will do.
    if (!messenger.busy) void messenger.send(['WATCHDOG=1']);
  });
}

/** The period after which systemd takes the service for dead, or 0 if it does not watch this process. */
function watchdogSeconds(
  period: string | undefined,
  watched: string | undefined,
  report: (what: string) => void,
): number {
  if (period === undefined) return 0;
  if (!/^[0-9]+$/.test(period) || Number(period) === 0) {
    report(`WATCHDOG_USEC is ${JSON.stringify(period)}, not a number of microseconds`);
    return 0;
  }
  if (watched !== undefined && Number(watched) !== process.pid) {
    report(
      `the watchdog watches process ${watched}, not this one (${process.pid}), so no sign of life is sent; let ExecStart= run node itself`,
    );
    return 0;
  }
  return Number(period) / 1_000_000;
}
