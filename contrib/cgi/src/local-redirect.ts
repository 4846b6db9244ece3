// A local redirect (RFC 3875 6.2.2): the answer is the one that a GET of the other path would have had.

import { type Application, type Environ, parseQuery, type Result, type StartResponse } from '@fapws/core';
import { badOutput } from './refusal.ts';

/** Redirects of one request; more are a circle. */
const MOST = 10;
const key = 'cgi.redirects';

/** @throws {Refusal} 502 for a path that can't be, or a circle */
export function follow(
  target: string,
  environ: Environ,
  startResponse: StartResponse,
  application: Application,
): Result | Promise<Result> {
  const redirects = Number(environ[key] ?? 0) + 1;
  if (redirects > MOST)
    throw badOutput(`it is part of a circle of local redirects, at ${JSON.stringify(target)}`);
  const [, path = '', query = ''] = /^([^?#]*)(?:\?([^#]*))?/.exec(target) ?? [];
  // A plain record: the environ of the request as it came belongs to the middlewares around.
  const other: Environ = {
    ...environ,
    REQUEST_METHOD: environ.REQUEST_METHOD === 'HEAD' ? 'HEAD' : 'GET',
    SCRIPT_NAME: '',
    PATH_INFO: pathOf(path),
    QUERY_STRING: query,
    REQUEST_URI: target,
    'fapws.params': parseQuery(query),
    [key]: redirects,
  };
  // The content belongs to the script that redirects.
  for (const name of ['CONTENT_LENGTH', 'CONTENT_TYPE', 'HTTP_TRANSFER_ENCODING']) delete other[name];
  return application(other, startResponse);
}

/** Decoded, without dot segments. @throws {Refusal} */
function pathOf(encoded: string): string {
  const segments: string[] = [];
  for (const segment of encoded.split('/').slice(1)) {
    let decoded: string;
    try {
      decoded = decodeURIComponent(segment);
    } catch {
      throw badOutput(`its Location has an encoding that is none: ${JSON.stringify(encoded.slice(0, 80))}`);
    }
    if (decoded.includes('/') || decoded.includes('\0') || decoded === '..') {
      throw badOutput(`its Location has a path that can't be: ${JSON.stringify(encoded.slice(0, 80))}`);
    }
    if (decoded !== '.') segments.push(decoded);
  }
  return `/${segments.join('/')}`;
}
