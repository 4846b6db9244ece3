// The reference reader's rules for chunked content (RFC 9112 7.1).

import type { Limits } from '../src/index.ts';
import type { ReadContent } from './reference.ts';
import { isToken, isValue } from './reference.ts';

/** Fields that change framing, routing, identity or how a content is understood: nobody must merge them into a head (RFC 9110 6.5.1). */
const forbidden =
  /^(?:content-(?:length|encoding|range|type)|transfer-encoding|connection|keep-alive|proxy-connection|upgrade|host|te|trailer|expect|forwarded|authorization|proxy-authorization|cookie)$/i;

/** Octets around a limit for which it does not matter which side they are on. */
const MARGIN = 16;

const strictExtensions =
  /^(?:;[!#$%&'*+\-.^_`|~\w]+(?:=(?:[!#$%&'*+\-.^_`|~\w]+|"(?:[\t\x20\x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t\x20-\x7e\x80-\xff])*"))?)*$/;

export function readChunked(octets: string, start: number, limits: Limits): ReadContent {
  let content = '';
  let at = start;
  let extensionOctets = 0;
  let tooLarge = false;
  const doubts: number[] = [];
  const result = (state: ReadContent['state'], end: number, ...statuses: number[]): ReadContent => ({
    content,
    state,
    tooLarge,
    statuses: [...doubts, ...statuses, ...(tooLarge ? [413] : [])],
    end,
  });
  for (;;) {
    const lineEnd = octets.indexOf('\r\n', at);
    if (lineEnd === -1) {
      const rest = octets.slice(at);
      const clean = /^[0-9a-f]{0,13}$/i.test(rest) || /^[0-9a-f]{1,13}(?:;[!-~]*)?\r?$/i.test(rest);
      const short = extensionOctets + rest.length < limits.chunkExtensions - MARGIN;
      return clean && short
        ? result('incomplete', octets.length)
        : result('incomplete', octets.length, 400, 413, 431);
    }
    const line = octets.slice(at, lineEnd);
    const size = /^[0-9a-fA-F]+/.exec(line)?.[0];
    if (size === undefined) return result('broken', lineEnd, 400);
    const extensions = line.slice(size.length);
    if (extensions !== '') {
      if (!/^;/.test(extensions) || !isValue(extensions)) return result('broken', lineEnd, 400);
      // What is between semicolons is dropped: to be lenient there misleads nobody.
      if (!strictExtensions.test(extensions)) doubts.push(400);
    }
    const significant = size.replace(/^0+/, '');
    if (significant.length > 16) return result('broken', lineEnd, 400, 413);
    if (size.length > 16) doubts.push(400, 413, 431);
    extensionOctets += extensions.length;
    if (extensionOctets > limits.chunkExtensions + MARGIN) return result('broken', lineEnd, 400, 413, 431);
    if (extensionOctets > limits.chunkExtensions - MARGIN) doubts.push(400, 413, 431);
    at = lineEnd + 2;
    const length = Number.parseInt(size, 16);
    if (length === 0) break;
    // Whoever answers without the content need not count it.
    if (content.length + Math.min(length, octets.length - at) > limits.content) tooLarge = true;
    else if (content.length + length > limits.content) doubts.push(413);
    content += octets.slice(at, at + length);
    const behind = octets.slice(at + length, at + length + 2);
    if (behind !== '\r\n') {
      return '\r\n'.startsWith(behind) && at + length + behind.length >= octets.length
        ? result('incomplete', octets.length)
        : result('broken', at + length, 400);
    }
    at += length + 2;
  }
  const trailersStart = at;
  for (let trailers = 1; ; trailers += 1) {
    const lineEnd = octets.indexOf('\r\n', at);
    if (lineEnd === -1) {
      const rest = octets.slice(at);
      return rest === ''
        ? result('incomplete', octets.length)
        : result('incomplete', octets.length, 400, 413, 431, 501);
    }
    const line = octets.slice(at, lineEnd);
    at = lineEnd + 2;
    if (line === '') return result('complete', at);
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(colon, 0));
    // What is malformed as well as too large is either, as it is found.
    if (line.length > limits.field - MARGIN || at - trailersStart > limits.head - MARGIN) doubts.push(431);
    if (!isToken(name) || !isValue(line.slice(colon + 1))) return result('broken', at, 400);
    if (forbidden.test(name)) return result('broken', at, 400, 413, 501);
    if (trailers > limits.fields) return result('broken', at, 431);
    if (line.length > limits.field + MARGIN || at - trailersStart > limits.head + MARGIN) {
      return result('broken', at, 431);
    }
  }
}
