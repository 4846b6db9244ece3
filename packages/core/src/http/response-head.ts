// The head of an answer: status and fields of the application, checked when they are set and rendered at once.
// No answer leaves the server around these checks; they are what makes response splitting impossible (RFC 9110 17.4).

import { ContractError } from './errors.ts';

/** One field line: name and value. */
export type Header = readonly [name: string, value: string];

/** A status with what follows from it. */
export interface Status {
  readonly code: number;
  /** `HTTP/1.1 200 OK\r\n` */
  readonly line: string;
  /** Whether an answer with it may have content: not 204, 205 and 304 (RFC 9110 6.4.1). */
  readonly hasContent: boolean;
  /** Whether Content-Length may be said at all: not with 204 (RFC 9110 8.6). */
  readonly hasLength: boolean;
}

/** Caches are emptied when they are full: an application that makes up names or values costs time, not memory. */
const CACHE_SIZE = 512;
const LONGEST_KEPT_VALUE = 1024;

const statuses = new Map<string, Status>();

/**
 * HOT. Checks a status such as `200 OK`.
 * @throws {ContractError} FAPWS_STATUS
 */
export function statusOf(text: string): Status {
  const known = statuses.get(text);
  if (known !== undefined) return known;
  const status = parseStatus(text);
  if (statuses.size >= CACHE_SIZE) statuses.clear();
  statuses.set(text, status);
  return status;
}

function parseStatus(text: string): Status {
  if (typeof text !== 'string' || !/^[2-9]\d\d [\t\x20-\x7e\x80-\xff]*$/.test(text)) {
    throw new ContractError(
      'FAPWS_STATUS',
      `${JSON.stringify(text)} is not a status. Give three digits from 200 on, a space and a reason, as in '200 OK'.`,
    );
  }
  const code = Number(text.slice(0, 3));
  return {
    code,
    line: `HTTP/1.1 ${text}\r\n`,
    hasContent: code !== 204 && code !== 205 && code !== 304,
    hasLength: code !== 204,
  };
}

const Plain = 0;
const ContentLength = 1;
const DateField = 2;
const ServerField = 3;
const HopByHop = 4;

/** A header name, and the last line that was rendered with it: most answers repeat it, and then it need not be checked again. */
interface FieldName {
  /** `Name: ` */
  readonly prefix: string;
  readonly kind: number;
  lastValue: string | null;
  lastLine: string;
}

const kinds: ReadonlyMap<string, number> = new Map([
  ['content-length', ContentLength],
  ['date', DateField],
  ['server', ServerField],
  // PEP 3333 "Other HTTP Features", RFC 9110 7.6.1: they describe the connection, which is the server's.
  ['connection', HopByHop],
  ['keep-alive', HopByHop],
  ['proxy-authenticate', HopByHop],
  ['proxy-authorization', HopByHop],
  ['proxy-connection', HopByHop],
  ['te', HopByHop],
  ['trailer', HopByHop],
  ['trailers', HopByHop],
  ['transfer-encoding', HopByHop],
  ['upgrade', HopByHop],
]);

const names = new Map<string, FieldName>();

function learnName(name: string): FieldName {
  if (typeof name !== 'string' || !/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name)) {
    throw new ContractError(
      'FAPWS_HEADER',
      `${JSON.stringify(name)} is not a header name. A name has letters, digits and -_.!#$%&'*+^\`|~ only.`,
    );
  }
  const field: FieldName = {
    prefix: `${name}: `,
    kind: kinds.get(name.toLowerCase()) ?? Plain,
    lastValue: null,
    lastLine: '',
  };
  if (names.size >= CACHE_SIZE) names.clear();
  names.set(name, field);
  return field;
}

/**
 * HOT. The line of a field.
 * @throws {ContractError} FAPWS_HEADER
 */
function lineOf(field: FieldName, name: string, value: string): string {
  if (value === field.lastValue) return field.lastLine;
  if (typeof value !== 'string' || !hasOnlyValueOctets(value)) throw badValue(name, value);
  const line = `${field.prefix}${value}\r\n`;
  if (value.length <= LONGEST_KEPT_VALUE) {
    field.lastValue = value;
    field.lastLine = line;
  }
  return line;
}

/** RFC 9110 5.5: visible characters, space, tab, and octets from 80 on. */
function hasOnlyValueOctets(value: string): boolean {
  for (let at = 0; at < value.length; at += 1) {
    const octet = value.charCodeAt(at);
    if (octet < 0x20 ? octet !== 0x09 : octet === 0x7f || octet > 0xff) return false;
  }
  return true;
}

/** The fields of one answer, checked and rendered. */
export class ResponseHead {
  readonly status: Status;
  /** All field lines, each ended by CRLF. */
  readonly lines: string;
  /** What the application says of the length, or -1. */
  readonly contentLength: number;
  readonly hasDate: boolean;
  readonly hasServer: boolean;

  /**
   * HOT.
   * @throws {ContractError} FAPWS_STATUS, FAPWS_HEADER, FAPWS_HOP_BY_HOP or FAPWS_CONTENT_LENGTH
   */
  constructor(status: string, headers: readonly Header[]) {
    this.status = statusOf(status);
    if (!Array.isArray(headers)) {
      throw new ContractError(
        'FAPWS_HEADER',
        "Headers are an array of [name, value] pairs, as in [['Content-Type', 'text/plain']].",
      );
    }
    let lines = '';
    let contentLength = -1;
    let hasDate = false;
    let hasServer = false;
    for (let at = 0; at < headers.length; at += 1) {
      const header = headers[at] as Header;
      const name = header[0];
      const value = header[1];
      const field = names.get(name) ?? learnName(name);
      const line = lineOf(field, name, value);
      if (field.kind !== Plain) {
        if (field.kind === HopByHop) throw hopByHop(name);
        if (field.kind === DateField) hasDate = true;
        else if (field.kind === ServerField) hasServer = true;
        else {
          contentLength = declaredLength(value, contentLength);
          if (!this.status.hasLength) continue;
        }
      }
      lines += line;
    }
    this.lines = lines;
    this.contentLength = contentLength;
    this.hasDate = hasDate;
    this.hasServer = hasServer;
  }
}

function declaredLength(value: string, before: number): number {
  if (!/^\d{1,15}$/.test(value)) {
    throw new ContractError(
      'FAPWS_CONTENT_LENGTH',
      `Content-Length ${JSON.stringify(value)} is not a number of octets.`,
    );
  }
  if (before !== -1) throw new ContractError('FAPWS_CONTENT_LENGTH', 'Content-Length is given twice.');
  return Number(value);
}

function badValue(name: string, value: unknown): ContractError {
  return new ContractError(
    'FAPWS_HEADER',
    typeof value === 'string'
      ? `The value of ${name} has a character that a header can't carry: ${JSON.stringify(value.slice(0, 80))}. Controls, CR, LF, NUL and what is above U+00FF have to be encoded.`
      : `The value of ${name} is not a string but ${typeof value}.`,
  );
}

function hopByHop(name: string): ContractError {
  return new ContractError(
    'FAPWS_HOP_BY_HOP',
    `${name} describes the connection, which is the server's: an application must not set it (PEP 3333).`,
  );
}
