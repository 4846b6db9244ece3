// What every application of the fuzzer is: a callback, and what a client must get of it.

import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import type { Application, Environ, StartResponse } from '../src/index.ts';
import type { ReadRequest } from './reference.ts';

/** What the applications of one run leave behind. */
export class Traces {
  /** Callbacks that have begun and have not come to their end. */
  running = 0;
  /** Results that have to be closed and are not. */
  unclosed = 0;
  /** Ends the waiting of those who wait for nothing in particular. */
  readonly #waiting = new Set<() => void>();

  wait(signal: AbortSignal): Promise<void> {
    return new Promise(resolve => {
      const go = (): void => {
        this.#waiting.delete(go);
        signal.removeEventListener('abort', go);
        resolve();
      };
      this.#waiting.add(go);
      signal.addEventListener('abort', go);
      if (signal.aborted) go();
    });
  }

  release(): void {
    for (const go of [...this.#waiting]) go();
  }

  get waiting(): number {
    return this.#waiting.size;
  }
}

/** What a client must be answered when its request is complete. */
export interface Expected {
  readonly status: number;
  readonly content: string;
  /** Whether the application breaks the answer off, and what there is of it is a beginning of `content`. */
  readonly cut?: boolean;
}

export interface Kind {
  readonly application: (
    environ: Environ,
    startResponse: StartResponse,
    traces: Traces,
  ) => ReturnType<Application>;
  readonly expected: (request: ReadRequest) => Expected;
  /** Octets of content without which there is no answer. @default 0 */
  readonly needs?: number;
  /** Whether the answer's head may be out before the content has arrived. */
  readonly streams?: boolean;
  /** How many early hints it sends. @default 0 */
  readonly hints?: number;
}

/** How the judge finds the request that an answer belongs to. */
export const TARGET_FIELD = 'X-Target';

export const headers = (environ: Environ): [string, string][] => [
  ['Content-Type', 'text/plain'],
  [TARGET_FIELD, environ.REQUEST_URI],
];

export function begin(
  environ: Environ,
  startResponse: StartResponse,
  status = '200 OK',
): ReturnType<StartResponse> {
  return startResponse(status, headers(environ));
}

export const digest = (content: Uint8Array): string =>
  `${content.length} ${createHash('sha1').update(content).digest('hex')}`;
export const digestOf = (request: ReadRequest): string => digest(Buffer.from(request.content, 'latin1'));
export const utf8 = (text: string): string => Buffer.from(text).toString('latin1');
export const later = (): Promise<void> => new Promise(resolve => setImmediate(resolve));

export const failed: Expected = { status: 500, content: 'any' };
