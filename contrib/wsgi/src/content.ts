// How the content of a request gets to a worker: with the request, if it is little; in a file, if it is more; or, if that is wanted,
// as it arrives.

import type { Environ, Result, StartResponse } from '@fapws/core';
import { Spool, SpoolError, type SpooledContent, type SpoolSettings } from './spool.ts';

/** null when there is none; undefined when it is to be streamed; else all of it. */
export type Content = Uint8Array | SpooledContent | null | undefined;

export interface ContentSettings {
  readonly inlineContent: number;
  /** null to hand content on as it arrives. */
  readonly spool: SpoolSettings | null;
}

export class Contents {
  readonly #inline: number;
  readonly #spool: Spool | null;

  constructor({ inlineContent, spool }: ContentSettings) {
    this.#inline = inlineContent;
    this.#spool = spool === null ? null : new Spool(spool);
  }

  /**
   * HOT. What a worker is to be given, when it is here.
   * @throws {SpoolError}, as a rejection, or what reading fails with
   */
  of(environ: Environ): Content | Promise<Content> {
    const length = environ.CONTENT_LENGTH;
    if ((length === undefined || length === '0') && environ['HTTP_TRANSFER_ENCODING'] === undefined)
      return null;
    const isLittle = length !== undefined && Number(length) <= this.#inline;
    if (this.#spool !== null) {
      return isLittle ? environ['wsgi.input'].read() : this.#gathered(this.#spool, environ);
    }
    // With Expect the application decides, by reading, whether the client is to send anything.
    return isLittle && environ['HTTP_EXPECT'] === undefined ? environ['wsgi.input'].read() : undefined;
  }

  /** A slow sender does not occupy a worker: it sees the request when all is there. */
  async #gathered(spool: Spool, environ: Environ): Promise<Content> {
    const input = environ['wsgi.input'];
    const beginning = await input.read(this.#inline + 1);
    return beginning.length <= this.#inline ? beginning : spool.store(beginning, input);
  }
}

/** Answers a request whose content could not be had. @throws what is no matter of storing it */
export function answerUnstored(error: unknown, environ: Environ, startResponse: StartResponse): Result {
  if (!(error instanceof SpoolError)) throw error;
  environ['wsgi.errors'].write(`fapws: ${environ.REQUEST_METHOD} ${environ.REQUEST_URI}: ${error.message}\n`);
  startResponse(error.status, [['Content-Type', 'text/plain; charset=utf-8']]);
  return error.status.startsWith('507')
    ? 'There is no room for the content of this request at the moment.\n'
    : 'The content of this request could not be stored.\n';
}
