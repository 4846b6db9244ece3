// The reference reader: which requests a row of octets holds by RFC 9112, in order, and how the row ends. It is slow, looks
// at the whole row at once, and shares nothing with src/. Where the RFC leaves a choice and the project has made it
// (bare LF, two equal lengths, higher minor versions: all refused), the choice is in here; where either way is right, both are.

import type { Limits } from '../src/index.ts';
import { readChunked } from './reference-chunked.ts';
import { judgeAuthority, judgeHosts, judgeTarget } from './reference-target.ts';

/** One request whose head is in order. */
export interface ReadRequest {
  readonly method: string;
  readonly target: string;
  readonly minorVersion: 0 | 1;
  /** Names as sent, values without the blanks around them. */
  readonly fields: readonly (readonly [string, string])[];
  /** What arrived of the content, one code point per octet. */
  readonly content: string;
  readonly state: 'complete' | 'incomplete' | 'broken';
  /** Whether more of it arrived than a request may have. */
  readonly tooLarge: boolean;
  /** Statuses with which it may be refused although its head is in order; for a broken content, those of which one is due. */
  readonly statuses: readonly number[];
  /** Whether the head itself is a matter of doubt: whether it is refused or answered is open, and nothing is known beyond. */
  readonly doubtful: boolean;
  /** Whether the client ends the connection with this request. */
  readonly closes: boolean;
  readonly keepsAliveByAsking: boolean;
  readonly expectsContinue: boolean;
  readonly framing: 'none' | 'length' | 'chunked';
  /** Octets announced by Content-Length. */
  readonly length: number;
}

export type RowEnd =
  /** All octets belong to requests, or to empty lines that may stand before one. */
  | { readonly kind: 'boundary' }
  /** The connection is over before the octets are: what follows means nothing. */
  | { readonly kind: 'closed' }
  /** A head has begun. It may be refused at once with one of `faults`, if there are any. */
  | { readonly kind: 'incomplete'; readonly faults: readonly number[]; readonly isHead: boolean }
  | { readonly kind: 'refused'; readonly statuses: readonly number[]; readonly isHead: boolean };

export interface Reading {
  readonly requests: readonly ReadRequest[];
  readonly end: RowEnd;
}

/** Methods that the server gives to applications, and those that it knows and answers with 501 by itself. */
export const servedMethods: readonly string[] = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'QUERY',
];
const knownMethods: readonly string[] =
  'CONNECT TRACE COPY LOCK MKCOL MOVE PROPFIND PROPPATCH SEARCH UNLOCK BIND REBIND UNBIND ACL REPORT MKACTIVITY CHECKOUT MERGE M-SEARCH NOTIFY SUBSCRIBE UNSUBSCRIBE PURGE MKCALENDAR LINK UNLINK SOURCE'.split(
    ' ',
  );

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const valueOctets = /^[\t\x20-\x7e\x80-\xff]*$/;

export const isToken = (text: string): boolean => token.test(text);
export const isValue = (text: string): boolean => valueOctets.test(text);
/** Without the blanks around it, which are spaces and tabs and nothing else (RFC 9110 5.6.3). */
const trimmed = (text: string): string => text.replace(/^[ \t]+|[ \t]+$/g, '');

/** Octets around a limit for which it does not matter which side they are on. */
const MARGIN = 16;

/** @param octets one code point each */
export function readRequests(octets: string, limits: Limits): Reading {
  const requests: ReadRequest[] = [];
  let at = 0;
  for (;;) {
    const head = readHead(octets, at, limits);
    if (!('method' in head)) return { requests, end: head };
    const content = readContent(octets, head, limits);
    const { contentStart: _, doubts, ...known } = head;
    const request: ReadRequest = {
      ...known,
      content: content.content,
      state: content.state,
      tooLarge: content.tooLarge,
      statuses: [...doubts, ...content.statuses],
      doubtful: doubts.length > 0,
    };
    requests.push(request);
    if (request.closes || content.state === 'broken') return { requests, end: { kind: 'closed' } };
    if (content.state === 'incomplete') return { requests, end: { kind: 'boundary' } };
    at = content.end;
  }
}

interface Head extends Omit<ReadRequest, 'content' | 'state' | 'tooLarge' | 'statuses' | 'doubtful'> {
  readonly contentStart: number;
  readonly doubts: readonly number[];
}

/** What goes wrong in one head. */
class Findings {
  readonly faults: number[] = [];
  readonly doubts: number[] = [];
  add({ faults, doubts }: { faults: readonly number[]; doubts: readonly number[] }): void {
    this.faults.push(...faults);
    this.doubts.push(...doubts);
  }
  fault(...statuses: number[]): void {
    this.faults.push(...statuses);
  }
  /** What is wrong for certain when it is well beyond a limit, and perhaps when it is near. */
  limit(octets: number, limit: number, status: number): void {
    if (octets > limit + MARGIN) this.faults.push(status);
    else if (octets > limit - MARGIN) this.doubts.push(status);
  }
}

function readHead(octets: string, from: number, limits: Limits): Head | RowEnd {
  const findings = new Findings();
  let at = from;
  while (octets.startsWith('\r\n', at)) at += 2;
  const lineEnds = /^[\r\n]*/.exec(octets.slice(at))?.[0] ?? '';
  if (lineEnds !== '' && octets.slice(at) !== '\r') {
    // A bare CR or LF among empty lines is refused, but perhaps not before the head behind it is complete.
    const behind = at + lineEnds.length;
    const statuses = [400, 413, 414, 421, 431, 501, 505];
    return !octets.includes('\r\n\r\n', behind)
      ? { kind: 'incomplete', faults: statuses, isHead: octets.startsWith('HEAD ', behind) }
      : { kind: 'refused', statuses, isHead: octets.startsWith('HEAD ', behind) };
  }
  if (at - from > limits.requestLine + MARGIN) {
    // Empty lines without end, whatever stands behind them.
    return { kind: 'refused', statuses: [414, 431], isHead: octets.startsWith('HEAD ', at) };
  }
  if (at >= octets.length || octets.slice(at) === '\r') {
    return at - from <= limits.requestLine - MARGIN
      ? { kind: 'boundary' }
      : { kind: 'incomplete', faults: [414, 431], isHead: false };
  }
  const lines: string[] = [];
  let next = at;
  for (;;) {
    const end = octets.indexOf('\r\n', next);
    if (end === -1) return unfinished(octets, from, at, lines, octets.slice(next), limits);
    const line = octets.slice(next, end);
    next = end + 2;
    if (line === '') break;
    lines.push(line);
  }
  const [requestLine = '', ...fieldLines] = lines;
  const isHead = requestLine.startsWith('HEAD ');
  const { method, target, minorVersion } = readRequestLine(requestLine, findings);
  findings.limit(octets.slice(from, at).length + requestLine.length, limits.requestLine, 414);
  findings.limit(next - from, limits.head, 431);
  const fields = readFields(fieldLines, limits, findings);
  const meaning = understand(method, target, fields, minorVersion, limits, findings);
  if (findings.faults.length > 0) {
    // Of what is malformed nobody can tell where its lines end, and so which one is too long.
    if (next - from > limits.requestLine / 2) findings.doubts.push(414, 431);
    return { kind: 'refused', statuses: [...findings.faults, ...findings.doubts], isHead };
  }
  return {
    method,
    target,
    minorVersion,
    fields,
    ...meaning,
    closes: meaning.closes || method === 'CONNECT',
    contentStart: next,
    doubts: findings.doubts,
  };
}

/** Whether anything could still be made of it, and what may be said about it at once. */
function unfinished(
  octets: string,
  from: number,
  start: number,
  lines: readonly string[],
  rest: string,
  limits: Limits,
): RowEnd {
  const findings = new Findings();
  const isHead = octets.startsWith('HEAD ', start);
  const [requestLine, ...fieldLines] = lines;
  if (requestLine === undefined) {
    if (!isBeginOfRequestLine(rest)) findings.fault(400, 501, 505, 421);
  } else {
    readRequestLine(requestLine, findings);
    readFields(fieldLines, limits, findings);
    if (!isBeginOfField(rest)) findings.fault(400, 413, 501);
    // A wrong length or coding may be refused where it stands.
    if ([...fieldLines, rest].some(line => /^(content-length|transfer-encoding)\s*:/i.test(line)))
      findings.fault(400, 413, 501);
  }
  const length = octets.length - from;
  // Waiting for more of a head that is too large already would be waiting for the end of the memory.
  if (length > limits.head + limits.requestLine + MARGIN) {
    return { kind: 'refused', statuses: [414, 431, ...findings.faults], isHead };
  }
  if (length > Math.min(limits.head, limits.requestLine) / 2) findings.fault(414, 431);
  return { kind: 'incomplete', faults: [...findings.faults, ...findings.doubts], isHead };
}

function isBeginOfRequestLine(text: string): boolean {
  const [method = '', target, version, ...more] = text.split(' ');
  const methods = [...servedMethods, ...knownMethods];
  if (target === undefined) return methods.some(known => known.startsWith(method)) && method !== '';
  if (!methods.includes(method) || more.length > 0) return false;
  if (version === undefined) return target === '' || target.startsWith('/') ? /^[!-~]*$/.test(target) : false;
  const { faults, doubts } = judgeTarget(method, target, servedMethods.includes(method));
  if (faults.length + doubts.length > 0) return false;
  return ['HTTP/1.1\r', 'HTTP/1.0\r'].some(whole => whole.startsWith(version));
}

function isBeginOfField(text: string): boolean {
  const line = text.endsWith('\r') ? text.slice(0, -1) : text;
  const colon = line.indexOf(':');
  if (colon === -1) return line === '' || (isToken(line) && line === text);
  return isToken(line.slice(0, colon)) && isValue(line.slice(colon + 1));
}

function readRequestLine(
  line: string,
  findings: Findings,
): Pick<ReadRequest, 'method' | 'target' | 'minorVersion'> {
  const [method = '', target = '', version, ...more] = line.split(' ');
  const known = servedMethods.includes(method) || knownMethods.includes(method);
  if (!known) findings.fault(501, 400);
  if (version === undefined || more.length > 0 || target === '') findings.fault(400, 505);
  // The preface of HTTP/2 is told from a method nobody knows.
  if (method === 'PRI') findings.fault(505);
  if (!/^HTTP\/1\.[01]$/.test(version ?? '')) findings.fault(400, 505);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for.
  if (/[\x00-\x1f\x7f-\xff]/.test(line)) findings.fault(400);
  findings.add(judgeTarget(method, target, servedMethods.includes(method)));
  return { method, target, minorVersion: version === 'HTTP/1.0' ? 0 : 1 };
}

function readFields(lines: readonly string[], limits: Limits, findings: Findings): [string, string][] {
  if (lines.length > limits.fields) findings.fault(431);
  return lines.map(line => {
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(colon, 0));
    const value = line.slice(colon + 1);
    // A line that begins with a blank has no name either: folding and a blank before the first field are refused.
    if (!isToken(name) || !isValue(value)) findings.fault(400);
    findings.limit(line.length, limits.field, 431);
    // llhttp does not take a tab behind these values for a blank: what it can't read is refused (test/rules/malformed.ts).
    if (/^(?:transfer-encoding|content-length):[^\t]*[^\t ] *\t/i.test(line)) findings.doubts.push(400);
    return [name, trimmed(value)];
  });
}

type Meaning = Pick<ReadRequest, 'closes' | 'keepsAliveByAsking' | 'expectsContinue' | 'framing' | 'length'>;

/** RFC 9112 3.2, 6.3 and 9.3, RFC 9110 10.1.1. */
function understand(
  method: string,
  target: string,
  fields: readonly [string, string][],
  minorVersion: 0 | 1,
  limits: Limits,
  findings: Findings,
): Meaning {
  const values = (wanted: string): string[] =>
    fields.filter(([name]) => name.toLowerCase() === wanted).map(([, value]) => value);

  const hosts = values('host');
  if (hosts.length > 1 || (hosts.length === 0 && minorVersion === 1)) findings.fault(400);
  for (const host of hosts) {
    findings.add(judgeAuthority(host));
    if (method !== 'CONNECT') findings.add(judgeHosts(target, host));
  }

  const lengths = values('content-length');
  const codings = values('transfer-encoding');
  if (lengths.length > 1 || codings.length > 1) findings.fault(400);
  if (codings.length > 0 && (lengths.length > 0 || minorVersion === 0)) findings.fault(400);
  for (const length of lengths) {
    if (!/^[0-9]+$/.test(length)) findings.fault(400, 413);
    else if (BigInt(length) > BigInt(Math.min(limits.content, Number.MAX_SAFE_INTEGER))) {
      // Whoever answers without the content need not count it, and closes.
      findings.fault(413);
      if (!servedMethods.includes(method)) findings.fault(501);
      if (method === 'OPTIONS') findings.fault(200);
    }
  }
  for (const coding of codings) if (coding.toLowerCase() !== 'chunked') findings.fault(400, 501);

  const options = values('connection').flatMap(value => value.toLowerCase().split(',').map(trimmed));
  const keepsAliveByAsking = options.includes('keep-alive') && !options.includes('close');
  return {
    closes: options.includes('close') || (minorVersion === 0 && !keepsAliveByAsking),
    keepsAliveByAsking,
    expectsContinue:
      minorVersion === 1 && values('expect').some(value => value.toLowerCase() === '100-continue'),
    framing: codings.length > 0 ? 'chunked' : Number(lengths[0] ?? 0) > 0 ? 'length' : 'none',
    length: Number(lengths[0] ?? 0),
  };
}

/** What was read of a content. */
export interface ReadContent {
  readonly content: string;
  readonly state: ReadRequest['state'];
  readonly tooLarge: boolean;
  readonly statuses: readonly number[];
  /** Where the next request begins. */
  readonly end: number;
}

function readContent(octets: string, head: Head, limits: Limits): ReadContent {
  const start = head.contentStart;
  if (head.framing === 'none')
    return { content: '', state: 'complete', tooLarge: false, statuses: [], end: start };
  if (head.framing === 'chunked') return readChunked(octets, start, limits);
  const content = octets.slice(start, start + head.length);
  const state = content.length === head.length ? 'complete' : 'incomplete';
  return { content, state, tooLarge: false, statuses: [], end: start + head.length };
}
