// wsgi.errors: where applications and the server report trouble, line by line.

import { inspect } from 'node:util';
import { RequestError } from '../http/errors.ts';

/** A text sink as PEP 3333 describes it. */
export interface ErrorStream {
  write(text: string): void;
  writelines(lines: Iterable<string>): void;
  flush(): void;
}

/** Writes a line about what went wrong. Never throws. @param what e.g. `GET /path` */
export function report(errors: ErrorStream, what: string, error: unknown): void {
  try {
    errors.write(`fapws: ${what}: ${textOf(error)}\n`);
  } catch {
    // A broken log must not take the server down, and there is no other place to tell of it.
  }
}

/**
 * An error with its stack, its code and its causes; one that any client can cause in one line. Never throws: a callback can
 * throw anything, a broken Proxy too.
 */
export function textOf(error: unknown): string {
  try {
    if (!(error instanceof RequestError)) return inspect(error);
    // What it quotes of a request must not look like lines of its own.
    return `${error.code}: ${error.message.replace(/\p{Cc}+/gu, ' ')}`;
  } catch {
    return 'something was thrown that cannot be shown';
  }
}

/** Writes to standard error. */
export const standardError: ErrorStream = {
  write(text: string): void {
    process.stderr.write(text);
  },
  writelines(lines: Iterable<string>): void {
    for (const line of lines) process.stderr.write(line);
  },
  flush(): void {
    // Node writes standard error at once to files and terminals, and as fast as the reader allows to pipes.
  },
};
