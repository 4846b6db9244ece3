// Sends a client elsewhere: on this server, unless another one is asked for by name.

import type { Header, Headers, StartResponse } from '@fapws/core';
import { checkNames } from './options.ts';

/** 303: look there with GET. 302: the same in practice. 307: do the same there. 301 and 308: the lasting 302 and 307. */
export type RedirectStatus = 301 | 302 | 303 | 307 | 308;

export interface RedirectOptions {
  /** Whether `location` is an http or https URL of its own. Never with a location that came from a client. @default false */
  readonly absolute?: boolean | undefined;
  /** Further header lines, such as cookies. */
  readonly headers?: Headers | undefined;
}

const reasons: Record<RedirectStatus, string> = {
  301: '301 Moved Permanently',
  302: '302 Found',
  303: '303 See Other',
  307: '307 Temporary Redirect',
  308: '308 Permanent Redirect',
};

/**
 * Answers with a redirect: `return redirect(startResponse, '/thanks')`.
 *
 * @param location a path of this server, `/there?a=b`, or beginning with `?`, `#`, `./` or `../`; characters that a URL can't have are encoded
 * @param status 303 suits after a form: the next page is got, and reloading it sends nothing again
 * @returns no content
 * @throws {TypeError} for a location that leads elsewhere; see {@link isLocalLocation} for one that a client has chosen
 */
export function redirect(
  startResponse: StartResponse,
  location: string,
  status: RedirectStatus = 303,
  options: RedirectOptions = {},
): string {
  checkNames('redirect has no option called', options, ['absolute', 'headers']);
  const { absolute = false, headers = [] } = options;
  const reason = reasons[status];
  if (reason === undefined) throw new RangeError('The status of a redirect is 301, 302, 303, 307 or 308.');
  const line: Header = ['Location', absolute ? absoluteUrl(location) : localUrl(location)];
  startResponse(reason, [...headers, line]);
  return '';
}

/**
 * Whether a location stays on this server, whatever a browser makes of it: for `?next=/where/i/was`, which anybody can write.
 */
export function isLocalLocation(location: unknown): location is string {
  if (typeof location !== 'string') return false;
  // Browsers drop tabs and line ends, and blanks at both sides; a backslash is a slash to them.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: controls are what must not be there.
  if (/[\u0000-\u001f\u007f\\\p{Surrogate}]|^ | $/u.test(location)) return false;
  if (!/^(?:\/(?!\/)|[?#]|\.\.?(?:[/?#]|$))/.test(location)) return false;
  return staysHere(location, 'http:') && staysHere(location, 'https:');
}

/** What was decided above, asked of a URL parser once more. */
function staysHere(location: string, scheme: string): boolean {
  const here = `${scheme}//here.invalid`;
  return URL.canParse(location, here) && new URL(location, `${here}/a/b`).origin === here;
}

function localUrl(location: string): string {
  if (isLocalLocation(location)) return encoded(location);
  throw new TypeError(
    'A redirect leads to a path of this server, which begins with one slash. For another server say { absolute: true }.',
  );
}

function absoluteUrl(location: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: controls are what must not be there.
  const plain = typeof location === 'string' && !/[\u0000-\u0020\u007f\\]/.test(location);
  const url = plain && /^https?:\/\//i.test(location) && URL.canParse(location) ? new URL(location) : null;
  if (url === null || url.username !== '' || url.password !== '') {
    throw new TypeError('An absolute redirect leads to an http or https URL without a user.');
  }
  return url.href;
}

/** Percent-encodes what a header can't have, and leaves alone what is encoded already. */
function encoded(location: string): string {
  return location.replace(/[^\u0021-\u007e]+/g, encodeURIComponent);
}
