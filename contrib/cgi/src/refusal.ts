// Why a request is not answered by its script.

import type { Headers } from '@fapws/core';

/** Thrown where it is found; the application answers with it. */
export class Refusal extends Error {
  override readonly name: string = 'Refusal';
  /** Code and reason. */
  readonly status: string;
  /** What goes to the log, with what only the operator should know; empty for what is the client's own affair. */
  readonly report: string;
  readonly headers: Headers;

  /** @param detail what the client is told */
  constructor(status: string, detail: string, report = '', headers: Headers = []) {
    super(detail);
    this.status = status;
    this.report = report;
    this.headers = headers;
  }
}

/** What the script wrote is no answer. @param report what is wrong with it */
export function badOutput(report: string): Refusal {
  return new Refusal('502 Bad Gateway', 'The script did not give a correct answer.', report);
}

export function notFound(report = ''): Refusal {
  return new Refusal('404 Not Found', 'There is no script at this path.', report);
}
