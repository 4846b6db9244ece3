// The pages that the server answers itself. They show nothing of the request, so nothing can be reflected through them.

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
