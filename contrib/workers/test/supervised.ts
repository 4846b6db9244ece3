// Supervisors of tests: with workers that run from source, with what they say, and gone when the test is over.

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { EventEmitter, once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { onTestFinished, vi } from 'vitest';
import { type Supervisor, type SupervisorOptions, supervise, type WorkersEvent } from '../src/index.ts';
import { serverProgram } from './programs.ts';

// Processes are started here, maybe on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 30_000 });

/** Milliseconds; a busy machine takes seconds to start a process. */
const BOUND = 30_000;

export interface Supervised {
  readonly supervisor: Supervisor;
  /** What it has said, all of it. */
  said(): string;
  /** All events so far. */
  readonly events: readonly WorkersEvent[];
  /** Waits until something holds, which is looked at after each event. */
  until(what: string, holds: () => boolean): Promise<void>;
}

export function supervised(options: SupervisorOptions = {}): Supervised {
  const news = new EventEmitter();
  const events: WorkersEvent[] = [];
  let text = '';
  const supervisor = supervise(serverProgram, {
    listen: { host: '127.0.0.1', port: 0 },
    workers: 2,
    execArgv: [],
    graceMs: 3000,
    errors: {
      write: more => {
        text += more;
        news.emit('news');
      },
      writelines: () => {},
      flush: () => {},
    },
    ...options,
  });
  const hear = (event: unknown): void => {
    events.push(event as WorkersEvent);
    news.emit('news');
  };
  subscribe('fapws:workers', hear);
  onTestFinished(async () => {
    await supervisor.stop({ graceMs: 0, lameDuckMs: 0 });
    unsubscribe('fapws:workers', hear);
  });
  return {
    supervisor,
    events,
    said: () => text,
    async until(what, holds) {
      const late = AbortSignal.timeout(BOUND);
      while (!holds()) {
        await once(news, 'news', { signal: late }).catch(() => {
          throw new Error(
            `${what}: not within ${BOUND / 1000} s; it said:\n${text}${JSON.stringify(events)}`,
          );
        });
      }
    },
  };
}

export const count = (events: readonly WorkersEvent[], name: WorkersEvent['event']): number =>
  events.filter(({ event }) => event === name).length;

/** An answer's text from where the supervisor's workers listen, over a connection of its own. */
export function get(supervisor: Supervisor, path = '/'): Promise<string> {
  return ask(supervisor, path);
}

/** @param agent for connections that are kept */
function ask(supervisor: Supervisor, path: string, agent?: Agent): Promise<string> {
  const address = supervisor.addresses[0];
  if (address === undefined) throw new Error('Nobody listens yet.');
  const where = 'path' in address ? { socketPath: address.path } : address;
  return new Promise((resolve, reject) => {
    const headers = agent === undefined ? { Connection: 'close' } : {};
    const asked = request({ ...where, path, agent: agent ?? false, headers, timeout: BOUND }, response => {
      resolve(contentOf(response));
    });
    asked.on('timeout', () => asked.destroy(new Error(`${path}: no answer within ${BOUND / 1000} s`)));
    asked.on('error', reject);
    asked.end();
  });
}

async function contentOf(response: IncomingMessage): Promise<string> {
  let text = '';
  for await (const piece of response.setEncoding('utf8')) text += piece;
  if (response.statusCode !== 200) throw new Error(`${response.statusCode}: ${text}`);
  return text;
}

/** Clients that ask one after the other without a pause: half of them over connections that are kept. */
export class Load {
  answers = 0;
  readonly failures: string[] = [];
  readonly #agent = new Agent({ keepAlive: true });
  readonly #clients: Promise<void>[];
  #over = false;

  constructor(supervisor: Supervisor, clients = 8) {
    this.#clients = Array.from({ length: clients }, async (_, index) => {
      while (!this.#over) {
        try {
          await ask(supervisor, '/', index % 2 === 0 ? this.#agent : undefined);
          this.answers += 1;
        } catch (error) {
          this.failures.push(String(error));
        }
      }
    });
  }

  async end(): Promise<void> {
    this.#over = true;
    await Promise.all(this.#clients);
    this.#agent.destroy();
  }
}
