// What a request makes depend on the state of a file (RFC 9110 13), asked in the order that 13.2.2 gives.

import type { Environ } from '@fapws/core';
import { listsTag } from './entity-tag.ts';
import { parseHttpDate } from './http-date.ts';
import type { Representation } from './representation.ts';

export const Send = 200;
export const NotModified = 304;
const PreconditionFailed = 412;

/** HOT. What becomes of a GET or HEAD. */
export function judge(environ: Environ, representation: Representation): number {
  const match = environ.HTTP_IF_MATCH;
  if (match !== undefined) {
    if (match !== '*' && !listsTag(match, representation.tag, true)) return PreconditionFailed;
  } else {
    const since = environ.HTTP_IF_UNMODIFIED_SINCE;
    if (since !== undefined && isOlder(since, representation)) return PreconditionFailed;
  }
  const noneMatch = environ.HTTP_IF_NONE_MATCH;
  if (noneMatch !== undefined) {
    return noneMatch === '*' || listsTag(noneMatch, representation.tag, false) ? NotModified : Send;
  }
  const since = environ.HTTP_IF_MODIFIED_SINCE;
  if (since === undefined || representation.modified === undefined) return Send;
  // What a cache sends back is most often exactly what it got.
  if (since === representation.lastModified) return NotModified;
  const date = parseHttpDate(since);
  return date !== undefined && representation.modified <= date ? NotModified : Send;
}

/** Whether a date that a client has is older than the file. What is no date is ignored, and so is all where there is none to compare. */
function isOlder(since: string, { modified }: Representation): boolean {
  if (modified === undefined) return false;
  const date = parseHttpDate(since);
  return date !== undefined && modified > date;
}

/**
 * Whether the parts that a client has are of this very content, so that it may be sent another one (RFC 9110 13.1.5). Anything
 * but certainty means that it gets all.
 */
export function isSameContent(ifRange: string | undefined, representation: Representation): boolean {
  if (ifRange === undefined) return true;
  const { tag, lastModified, settled } = representation;
  if (ifRange.startsWith('"')) return ifRange === tag;
  // A date is exact to the second only, which is not enough for a file that has just been changed.
  return settled && lastModified !== undefined && ifRange === lastModified;
}
