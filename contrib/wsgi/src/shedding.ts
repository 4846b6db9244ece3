// Requests that no worker gets: what they are answered, and what the log says of them.

import type { Call } from './call.ts';
import { WorkerError } from './errors.ts';
import { tell } from './events.ts';
import type { WorkerSettings } from './options.ts';

/** Milliseconds between two lines in the log about that: there may be thousands of them in a second. */
const LOG_EVERY = 10_000;

/** Milliseconds between two requests that get, and log, why the application can't be loaded: tracebacks would fill the disk. */
const EXPLAIN_EVERY = 1000;

/** How many requests were answered by the front itself, and why. */
export interface ShedCounts {
  /** 503: too many were waiting. */
  refused: number;
  /** 504: they had waited for too long. */
  late: number;
}

export class Shedding {
  readonly counts: ShedCounts = { refused: 0, late: 0 };
  readonly #settings: WorkerSettings;
  readonly #full: WorkerError;
  readonly #late: WorkerError;
  readonly #closed: WorkerError;
  #explainedAt = Number.NEGATIVE_INFINITY;
  #logged: ShedCounts = { refused: 0, late: 0 };
  #loggedAt = Number.NEGATIVE_INFINITY;

  constructor(settings: WorkerSettings) {
    this.#settings = settings;
    const { length, timeout } = settings.queue;
    this.#full = new WorkerError('FAPWS_WSGI_QUEUE', `${length} requests wait already (queue.length).`);
    this.#late = new WorkerError(
      'FAPWS_WSGI_QUEUE',
      `It has waited for a process for ${timeout} s (queue.timeout).`,
    );
    this.#closed = new WorkerError('FAPWS_WSGI_CLOSED', 'The application was stopped with close().');
  }

  /** Too many wait already. */
  refuse(call: Call): void {
    this.counts.refused += 1;
    this.#answer(
      call,
      '503 Service Unavailable',
      'Too many requests wait for this application.\n',
      this.#full,
    );
  }

  /** It has waited for too long. */
  expire(call: Call): void {
    this.counts.late += 1;
    this.#answer(
      call,
      '504 Gateway Timeout',
      'All processes of this application were busy for too long.\n',
      this.#late,
    );
  }

  /** The application can't be loaded: 500, with the reason, as one that raises. */
  fail(call: Call, error: WorkerError): void {
    const now = performance.now();
    if (now - this.#explainedAt >= EXPLAIN_EVERY) {
      this.#explainedAt = now;
      call.refuse(error);
    } else {
      const text = 'The application could not be started. The log says why.\n';
      call.answerInstead('500 Internal Server Error', [], text, error);
    }
  }

  /** Nobody is there to answer, nor will be. */
  turnAway(call: Call): void {
    call.answerInstead('503 Service Unavailable', [], 'This application has been stopped.\n', this.#closed);
  }

  #answer(call: Call, status: string, text: string, error: WorkerError): void {
    const { application } = this.#settings;
    tell('fapws:wsgi.refused', () => {
      const { REQUEST_METHOD: method, REQUEST_URI: target } = call.environ;
      return { application, status, method, target };
    });
    call.answerInstead(status, [['Retry-After', '1']], text, error);
    this.log(performance.now());
  }

  /** Writes what was not written yet, if it is time. */
  log(now: number): void {
    if (now - this.#loggedAt < LOG_EVERY) return;
    const { application, errors, queue } = this.#settings;
    const refused = this.counts.refused - this.#logged.refused;
    const late = this.counts.late - this.#logged.late;
    if (refused === 0 && late === 0) return;
    this.#loggedAt = now;
    this.#logged = { ...this.counts };
    const parts: string[] = [];
    if (refused > 0) {
      parts.push(`${refused} with 503, because ${queue.length} wait already (queue.length)`);
    }
    if (late > 0)
      parts.push(`${late} with 504, because they had waited for ${queue.timeout} s (queue.timeout)`);
    errors.write(`fapws: ${application}: requests refused: ${parts.join(', and ')}.\n`);
  }
}
