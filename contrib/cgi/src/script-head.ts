// The head that a script writes (RFC 3875 6): read line by line, understood, and made a head of HTTP.

import type { Buffer } from 'node:buffer';
import { STATUS_CODES } from 'node:http';
import type { Header } from '@fapws/core';
import { badOutput } from './refusal.ts';

/** What a script answers, before its content. */
export interface ScriptHead {
  /** Code and reason. */
  readonly status: string;
  readonly headers: readonly Header[];
  /** Path and query of a local redirect: the server itself is to answer with what is there. */
  readonly localRedirect: string | null;
}

/** Of the connection, which is the server's; old scripts write them without meaning. */
const dropped: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'upgrade',
]);

/** Those that mean something to the server. There may be one of each. */
const cgiFields: ReadonlySet<string> = new Set(['content-type', 'location', 'status']);

/**
 * Where the head ends: behind the first empty line, with LF or CRLF.
 * @returns -1 if it does not end in these octets
 */
export function endOfHead(octets: Buffer, from = 0): number {
  for (let at = octets.indexOf(0x0a, from); at !== -1; at = octets.indexOf(0x0a, at + 1)) {
    if (at === 0 || (at === 1 && octets[0] === 0x0d)) return at + 1;
    if (octets[at - 1] === 0x0a || (octets[at - 1] === 0x0d && octets[at - 2] === 0x0a)) return at + 1;
  }
  return -1;
}

/**
 * @param text the head with the empty line, one code point per octet
 * @throws {Refusal} 502
 */
export function parseScriptHead(text: string, mostFields: number): ScriptHead {
  if (/^HTTP\//i.test(text)) {
    throw badOutput(
      'it wrote a status line, as non-parsed header scripts do; a script writes "Status: 404 Not Found"',
    );
  }
  const lines = text.split(/\r?\n/);
  // Behind the empty line there is nothing.
  lines.splice(-2);
  if (lines.length > mostFields)
    throw badOutput(`its head has ${lines.length} lines, more than limits.fields`);
  const fields = new Map<string, string>();
  const headers: Header[] = [];
  for (const line of lines) {
    const [name, value] = fieldOf(line);
    const known = name.toLowerCase();
    if (known === 'transfer-encoding')
      throw badOutput('it wrote Transfer-Encoding, which is the server’s affair');
    if (dropped.has(known)) continue;
    if (cgiFields.has(known)) {
      if (fields.has(known)) throw badOutput(`it wrote ${name} twice`);
      fields.set(known, value);
      if (known === 'status') continue;
    }
    headers.push([name, value]);
  }
  if (fields.size === 0) {
    throw badOutput('its head has none of Content-Type, Status and Location');
  }
  const location = fields.get('location');
  const status = fields.get('status');
  if (location === '') throw badOutput('its Location is empty');
  // RFC 3875 6.2.2: a path alone. With a status of its own it is an answer for the client.
  const isLocal = location?.startsWith('/') === true && status === undefined;
  return {
    status: statusOf(status, location !== undefined),
    headers,
    localRedirect: isLocal ? location : null,
  };
}

function fieldOf(line: string): Header {
  const found = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[\t ]*(.*?)[\t ]*$/s.exec(line);
  if (found === null) throw badOutput(`a line of its head is no field: ${JSON.stringify(line.slice(0, 80))}`);
  const [, name, value] = found as unknown as [string, string, string];
  if (/[^\t\x20-\x7e\x80-\xff]/.test(value)) throw badOutput(`its ${name} has control characters`);
  return [name, value];
}

function statusOf(value: string | undefined, isRedirect: boolean): string {
  if (value === undefined) return isRedirect ? '302 Found' : '200 OK';
  const [, digits, reason] = /^([2-5]\d\d)(?:[\t ]+(.*))?$/.exec(value) ?? [];
  if (digits === undefined)
    throw badOutput(`its Status is ${JSON.stringify(value.slice(0, 80))}, not 200 to 599`);
  return `${digits} ${reason || STATUS_CODES[digits] || 'Unknown'}`;
}
