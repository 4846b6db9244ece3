// The pages that the server answers itself. They show nothing of the request, so nothing can be reflected through them.

import { ContractError } from '../http/errors.ts';
import { responseHeadOf } from '../http/response-head.ts';
import type { Base } from './base.ts';
import { report } from './error-stream.ts';
import type { Headers } from './types.ts';

export interface ErrorPage {
  readonly headers: Headers;
  readonly content: string;
}

const headers: Headers = [
  ['Content-Type', 'text/plain; charset=utf-8'],
  // RFC 9110 has no word on it, but a browser that guesses could take the text for a script.
  ['X-Content-Type-Options', 'nosniff'],
];

/**
 * The default page: the status and a sentence.
 * @param status e.g. `404 Not Found`
 * @param detail what happened, for people; with `traceback` on, the stack of the failed callback
 */
export function plainErrorPage(status: string, detail: string): ErrorPage {
  return { headers, content: detail === '' ? `${status}\n` : `${status}\n${detail}\n` };
}

/**
 * The base's page for a status; the default one where that fails or can't be sent. Never throws.
 * @param what whose page it is, for the report
 */
export function pageOf(base: Base, status: string, detail: string, what: string): ErrorPage {
  try {
    const page = base.errorPage(status, detail);
    if (typeof page?.content !== 'string') {
      throw new ContractError(
        'FAPWS_RESULT',
        'An error page is { headers, content }, and its content a string.',
      );
    }
    if (responseHeadOf(status, page.headers).contentLength !== -1) {
      throw new ContractError(
        'FAPWS_CONTENT_LENGTH',
        'The Content-Length of an error page is set by the server.',
      );
    }
    return page;
  } catch (error) {
    report(base.errors, `the error page for ${what}`, error);
    return plainErrorPage(status, detail);
  }
}
