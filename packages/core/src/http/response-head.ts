// The head of an answer: status and fields of the application, checked when they are set and rendered at once.
// No answer leaves the server around these checks; they are what makes response splitting impossible (RFC 9110 17.4).

import type { Clock } from './clock.ts';
import { ContractError, shown } from './errors.ts';

/** One field line: name and value. */
export type Header = readonly [name: string, value: string];

/** A status with what follows from it. */
export interface Status {
  readonly code: number;
  /** `HTTP/1.1 200 OK\r\n` */
  readonly line: string;
  /** Whether an answer with it may have content: not 204, 205 and 304 (RFC 9110 6.4.1). */
  readonly hasContent: boolean;
  /** Whether an application may say a Content-Length: not with 204 (RFC 9110 8.6), nor with 205, which has 0 (15.3.6). */
  readonly hasLength: boolean;
}

/** Heads that are remembered; all are forgotten when there are more: an application that makes up values costs time, not memory. */
const MOST_HEADS = 4096;
/** Ways on from one head that are remembered. */
const MOST_FOLLOWERS = 4;
const LONGEST_KEPT_VALUE = 1024;

/** Heads without a field yet, by status. */
const beginnings = new Map<string, ResponseHead>();
let remembered = 0;

/**
 * HOT. The head with a status and fields, checked. An application says the same things again and again, so heads form a
 * tree, one field a step, and what was checked and rendered once is found by comparing strings.
 * @throws {ContractError} FAPWS_STATUS, FAPWS_HEADER, FAPWS_HOP_BY_HOP or FAPWS_CONTENT_LENGTH
 */
export function responseHeadOf(status: string, headers: readonly Header[]): ResponseHead {
  let head = beginnings.get(status) ?? beginningOf(status);
  if (!Array.isArray(headers)) throw notPairs();
  for (let at = 0; at < headers.length; at += 1) {
    const header = headers[at] as Header;
    // A string would pass for a pair of its first two characters.
    if (!Array.isArray(header) || header.length !== 2) throw notPairs();
    head = head.followedBy(header[0], header[1]);
  }
  return head;
}

function beginningOf(text: string): ResponseHead {
  const head = new ResponseHead(parseStatus(text), '', '', '', -1, false, false);
  remember();
  beginnings.set(text, head);
  return head;
}

function remember(): void {
  remembered += 1;
  if (remembered <= MOST_HEADS) return;
  beginnings.clear();
  remembered = 0;
}

function parseStatus(text: string): Status {
  if (typeof text !== 'string' || !/^[2-9]\d\d [\t\x20-\x7e\x80-\xff]*$/.test(text)) {
    throw new ContractError(
      'FAPWS_STATUS',
      `${shown(text)} is not a status. Give three digits from 200 on, a space and a reason, as in '200 OK'.`,
    );
  }
  const code = Number(text.slice(0, 3));
  return {
    code,
    line: `HTTP/1.1 ${text}\r\n`,
    hasContent: code !== 204 && code !== 205 && code !== 304,
    hasLength: code !== 204 && code !== 205,
  };
}

const Plain = 0;
const ContentLength = 1;
const DateField = 2;
const ServerField = 3;
const HopByHop = 4;

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

/** @throws {ContractError} FAPWS_HEADER */
function checkField(name: string, value: string): void {
  if (typeof name !== 'string' || !/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name)) {
    throw new ContractError(
      'FAPWS_HEADER',
      `${shown(name)} is not a header name. A name has letters, digits and -_.!#$%&'*+^\`|~ only.`,
    );
  }
  if (typeof value !== 'string' || !hasOnlyValueOctets(value)) throw badValue(name, value);
}

/** RFC 9110 5.5: visible characters, space, tab, and octets from 80 on. */
function hasOnlyValueOctets(value: string): boolean {
  for (let at = 0; at < value.length; at += 1) {
    const octet = value.charCodeAt(at);
    if (octet < 0x20 ? octet !== 0x09 : octet === 0x7f || octet > 0xff) return false;
  }
  return true;
}

/** The fields of an answer, checked and rendered. Shared by all answers that have the same. */
export class ResponseHead {
  readonly status: Status;
  /** What the application says of the length, or -1. */
  readonly contentLength: number;
  /** All field lines, each ended by CRLF. */
  readonly lines: string;
  readonly #hasDate: boolean;
  readonly #hasServer: boolean;
  /** The last step to this head. */
  readonly #name: string;
  readonly #value: string;
  #followers: ResponseHead[] | null = null;
  #nextReplaced = 0;
  /** The `Date` and `Server` lines for which `#rendered` holds. */
  #renderedWith = '';
  #rendered = '';
  #fields: readonly Header[] | null = null;

  constructor(
    status: Status,
    lines: string,
    name: string,
    value: string,
    contentLength: number,
    hasDate: boolean,
    hasServer: boolean,
  ) {
    this.status = status;
    this.contentLength = contentLength;
    this.lines = lines;
    this.#name = name;
    this.#value = value;
    this.#hasDate = hasDate;
    this.#hasServer = hasServer;
  }

  /** HOT. This head and one field more. */
  followedBy(name: string, value: string): ResponseHead {
    const followers = this.#followers;
    if (followers !== null) {
      for (let at = 0; at < followers.length; at += 1) {
        const follower = followers[at] as ResponseHead;
        if (follower.#value === value && follower.#name === name) return follower;
      }
    }
    return this.#add(name, value);
  }

  #add(name: string, value: string): ResponseHead {
    checkField(name, value);
    const kind = kinds.get(name.toLowerCase()) ?? Plain;
    if (kind === HopByHop) throw hopByHop(name);
    const length = kind === ContentLength ? declaredLength(value, this.contentLength) : this.contentLength;
    // RFC 9110 8.6: an answer that can't have content must not speak of its length.
    const line = kind === ContentLength && !this.status.hasLength ? '' : `${name}: ${value}\r\n`;
    const head = new ResponseHead(
      this.status,
      this.lines + line,
      name,
      value,
      length,
      this.#hasDate || kind === DateField,
      this.#hasServer || kind === ServerField,
    );
    if (value.length <= LONGEST_KEPT_VALUE) this.#follow(head);
    return head;
  }

  #follow(head: ResponseHead): void {
    this.#followers ??= [];
    if (this.#followers.length < MOST_FOLLOWERS) this.#followers.push(head);
    else {
      this.#followers[this.#nextReplaced] = head;
      this.#nextReplaced = (this.#nextReplaced + 1) % MOST_FOLLOWERS;
    }
    remember();
  }

  /** The application's fields, in order. */
  get fields(): readonly Header[] {
    this.#fields ??= Object.freeze(fieldsOf(this.lines));
    return this.#fields;
  }

  /** HOT. Status line and field lines, with `Date` and `Server` where the application has not set them. */
  render(clock: Clock): string {
    if (this.#renderedWith !== clock.dateAndServerLines) {
      const date = this.#hasDate ? '' : clock.dateLine;
      const server = this.#hasServer ? '' : clock.serverLine;
      this.#rendered = flat(`${this.status.line}${this.lines}${date}${server}`);
      this.#renderedWith = clock.dateAndServerLines;
    }
    return this.#rendered;
  }
}

/** Names and values of field lines that were rendered by `followedBy`. */
function fieldsOf(lines: string): Header[] {
  return lines
    .split('\r\n')
    .slice(0, -1)
    .map(line => {
      const colon = line.indexOf(':');
      return Object.freeze([line.slice(0, colon), line.slice(colon + 2)]) as Header;
    });
}

/** Joins the pieces of which V8 makes a string, so that sending it does not have to each time. */
function flat(text: string): string {
  text.charCodeAt(0);
  return text;
}

function declaredLength(value: string, before: number): number {
  if (!/^\d{1,15}$/.test(value)) {
    throw new ContractError(
      'FAPWS_CONTENT_LENGTH',
      `Content-Length ${shown(value)} is not a number of octets.`,
    );
  }
  if (before !== -1) throw new ContractError('FAPWS_CONTENT_LENGTH', 'Content-Length is given twice.');
  return Number(value);
}

function notPairs(): ContractError {
  return new ContractError(
    'FAPWS_HEADER',
    "Headers are an array of [name, value] pairs, as in [['Content-Type', 'text/plain']].",
  );
}

function badValue(name: string, value: unknown): ContractError {
  return new ContractError(
    'FAPWS_HEADER',
    typeof value === 'string'
      ? `The value of ${name} has a character that a header can't carry: ${shown(value)}. Controls, CR, LF, NUL and what is above U+00FF have to be encoded.`
      : `The value of ${name} is not a string but ${typeof value}.`,
  );
}

function hopByHop(name: string): ContractError {
  return new ContractError(
    'FAPWS_HOP_BY_HOP',
    `${name} describes the connection, which is the server's: an application must not set it (PEP 3333).`,
  );
}
