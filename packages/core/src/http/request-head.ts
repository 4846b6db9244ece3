// The head of one request: one latin1 string and the places of names and values in it. Nothing is cut out before
// somebody asks for it. The checks that llhttp leaves open are made here, once, when the head is complete.

import { FieldName, Target } from '../parser/codes.ts';
import type { Parser } from '../parser/parser.ts';
import {
  contentLength,
  isBlank,
  isEmptyLines,
  isHost,
  isName,
  isSameName,
  refusalOfCoding,
  Unreadable,
  withoutBlanks,
} from './field-lines.ts';
import type { Limits } from './limits.ts';
import { Refusal } from './refusal.ts';
import {
  AbsoluteForm,
  AuthorityForm,
  endOfPath,
  InvalidTarget,
  isAuthority,
  isSameAuthority,
  MisdirectedTarget,
  OriginForm,
  type ParsedTarget,
  parseOtherTarget,
} from './request-target.ts';

/** Places of one field line in `spans`: name start, name end, value start, value end. */
const SPAN_WIDTH = 4;

/** Octets of ` HTTP/1.1`. */
const VERSION = 9;

const NoIndex = -1;

const CR = 0x0d;
const SPACE = 0x20;
const SLASH = 0x2f;

/** How the content of a request is delimited (RFC 9112 6.3). */
export const NoContent = 0;
export const KnownLength = 1;
const Chunked = 2;

export class RequestHead {
  /** The octets from the request line to the last field value, one code point each. */
  text = '';
  /** @internal Four numbers per field line. */
  spans: number[] = [];
  /** @internal */
  targetStart: number = NoIndex;
  /** @internal */
  targetEnd: number = NoIndex;
  method = '';
  /** 0 or 1: what follows `HTTP/1.`. */
  minorVersion = 1;
  /** Whether the client lets the connection go on after the answer. */
  keepAlive = true;
  framing: 0 | 1 | 2 = NoContent;
  /** Octets of content, when `framing` is KnownLength. */
  contentLength = 0;
  /** `Expect: 100-continue` of an HTTP/1.1 client. */
  expectsContinue = false;
  /** @internal Places of the Host value; equal when there is none. */
  hostStart = 0;
  /** @internal */
  hostEnd = 0;
  /** Where the path ends in `text`, for a target in origin-form. */
  #pathEnd = NoIndex;
  #other: ParsedTarget | null = null;
  #closes = false;

  /**
   * HOT. Takes over the spans of the first `count` records.
   * @param shift what makes an address a place in `text`
   * @internal
   */
  add(parser: Parser, count: number, shift: number): void {
    if (this.text !== '' || count % 2 === 0) {
      this.#addToPart(parser, count, shift);
      return;
    }
    // A head that came in one piece: the target, then names and values in turn, as many as there are records.
    this.targetStart = parser.start(0) + shift;
    this.targetEnd = this.targetStart + parser.length(0);
    this.spans = parser.places(1, count, shift);
  }

  /** Two records of the same kind in a row are one span, cut by the end of a read: llhttp tells a value, if an empty one, between any two names. */
  #addToPart(parser: Parser, count: number, shift: number): void {
    const { spans } = this;
    for (let record = 0; record < count; record += 1) {
      const start = parser.start(record) + shift;
      const end = start + parser.length(record);
      const kind = parser.kind(record);
      if (kind === Target) {
        if (this.targetStart === NoIndex) this.targetStart = start;
        this.targetEnd = end;
      } else if (spans.length !== 0 && (spans.length % SPAN_WIDTH === 2) === (kind === FieldName)) {
        spans[spans.length - 1] = end;
      } else spans.push(start, end);
    }
  }

  /**
   * HOT. Whether what has arrived is more than a head may have.
   * @param octets of the head so far
   * @internal
   */
  exceeds(limits: Limits, octets: number): Refusal | null {
    // A target that may still go on is as long as what has arrived, however that was cut.
    const target = this.#targetIsWhole ? this.targetEnd : octets;
    // A line that is longer than a whole head may be is its own reason, or that would depend on the cuts.
    if (target + VERSION > Math.min(limits.requestLine, limits.head)) return Refusal.targetTooLong;
    // How many fields there are is looked at when all are there: until then it depends on where reads were cut.
    return octets > limits.head ? Refusal.fieldsTooLarge : null;
  }

  get #targetIsWhole(): boolean {
    if (this.spans.length !== 0) return true;
    const next = this.targetEnd === NoIndex ? Number.NaN : this.text.charCodeAt(this.targetEnd);
    return next === SPACE || next === CR;
  }

  /** @internal HOT. Octets from the first one to the empty line at the end, once all field lines are there. */
  get length(): number {
    const { spans } = this;
    const last = spans.length - 1;
    if (last < 0) return this.targetEnd + VERSION + 4;
    const end = spans[last] as number;
    // llhttp finds an empty value behind its line end.
    return end === spans[last - 1] ? end + 2 : end + 4;
  }

  /**
   * HOT. Checks the whole head.
   * @param octets where `text` came from: place 0 of `text` is octet `base`. Octets are read in a third of the time of
   *   characters of a string.
   * @returns null, or why it is refused
   * @internal
   */
  complete(method: string, limits: Limits, octets: Uint8Array, base: number): Refusal | null {
    this.method = method;
    if (this.spans.length > limits.fields * SPAN_WIDTH) return Refusal.fieldsTooLarge;
    return (
      this.#checkRequestLine(octets, base) ??
      this.#checkFields(octets, base, limits.field) ??
      this.#checkTarget(octets, base)
    );
  }

  #checkRequestLine(octets: Uint8Array, base: number): Refusal | null {
    const end = base + this.targetEnd;
    if (octets[end] !== 0x20) {
      // A line that ends here is HTTP/0.9, which has no version.
      return octets[end] === 0x0d ? Refusal.version : Refusal.badRequest;
    }
    // llhttp takes several spaces before the target; two parsers that count them differently disagree on the target.
    const lineStart = this.targetStart - 1 - this.method.length;
    if (lineStart !== 0 && !isEmptyLines(octets, base, base + lineStart)) return Refusal.badRequest;
    if (octets[end + 1] !== 0x48) return Refusal.badRequest;
    if (octets[end + 6] !== 0x31) return Refusal.version;
    this.minorVersion = octets[end + 8] === 0x30 ? 0 : 1;
    return null;
  }

  /** One pass over the names: those that mean something to the protocol are told apart by length first. */
  #checkFields(octets: Uint8Array, base: number, longestField: number): Refusal | null {
    const { spans } = this;
    let hosts = 0;
    let lengths = 0;
    let codings = 0;
    this.keepAlive = this.minorVersion !== 0;
    for (let at = 0; at < spans.length; at += SPAN_WIDTH) {
      const start = spans[at] as number;
      if ((spans[at + 3] as number) - start > longestField) return Refusal.fieldsTooLarge;
      switch ((spans[at + 1] as number) - start) {
        case 4:
          if (isName(octets, base + start, 'host')) {
            hosts += 1;
            this.#trim(at);
            this.hostStart = spans[at + 2] as number;
            this.hostEnd = spans[at + 3] as number;
          }
          break;
        case 6:
          if (isName(octets, base + start, 'expect')) this.#expect(this.#value(at));
          break;
        case 10:
          if (isName(octets, base + start, 'connection')) this.#connection(at);
          break;
        case 14:
          if (isName(octets, base + start, 'content-length')) {
            lengths += 1;
            const length = contentLength(this.#value(at));
            if (length === Unreadable) return Refusal.badRequest;
            this.contentLength = length;
            if (length > 0) this.framing = KnownLength;
          }
          break;
        case 17:
          if (isName(octets, base + start, 'transfer-encoding')) {
            codings += 1;
            const end = spans[at + 3] as number;
            const coding = this.#value(at).toLowerCase();
            if (coding !== 'chunked') return refusalOfCoding(coding);
            // To llhttp a tab behind the word is part of it, so it would find no coding where there is one.
            if (this.text.substring(spans[at + 3] as number, end).includes('\t')) return Refusal.badRequest;
          }
          break;
      }
    }
    // RFC 9112 3.2: exactly one Host in HTTP/1.1, at most one in 1.0; whatever is there must be valid.
    if (hosts > 1 || (hosts === 0 && this.minorVersion !== 0)) return Refusal.host;
    if (
      hosts === 1 &&
      !isHost(octets, base + this.hostStart, base + this.hostEnd) &&
      !isAuthority(this.hostField)
    )
      return Refusal.host;
    if (lengths > 1 || codings > 1 || (lengths > 0 && codings > 0)) return Refusal.badRequest;
    if (codings === 1) {
      // RFC 9112 6.1: HTTP/1.0 has no transfer codings, so an old proxy in between would see another length.
      if (this.minorVersion === 0) return Refusal.badRequest;
      this.framing = Chunked;
    }
    return null;
  }

  #checkTarget(octets: Uint8Array, base: number): Refusal | null {
    if (octets[base + this.targetStart] === SLASH && this.method !== 'CONNECT') {
      const pathEnd = endOfPath(octets, base + this.targetStart, base + this.targetEnd);
      this.#pathEnd = pathEnd - base;
      return pathEnd === NoIndex ? Refusal.target : null;
    }
    this.#other = parseOtherTarget(this.method, this.target);
    // What follows a CONNECT may be anything (RFC 9110 9.3.6); it is never read as a request.
    if (this.#other.form === AuthorityForm) this.keepAlive = false;
    if (this.#other.form === InvalidTarget) return Refusal.target;
    if (this.#other.form === MisdirectedTarget) return Refusal.misdirected;
    // RFC 9112 3.2.2: the target's authority counts. But a front that has routed by the other one has meant another server.
    const { authority, form } = this.#other;
    const differs =
      form === AbsoluteForm && this.hostField !== '' && !isSameAuthority(authority, this.hostField);
    return differs ? Refusal.otherHost : null;
  }

  #expect(value: string): void {
    if (this.minorVersion !== 0 && value.toLowerCase() === '100-continue') this.expectsContinue = true;
  }

  /** RFC 9112 9.3: `close` in any line ends the connection, whatever else is said; `keep-alive` matters to HTTP/1.0. */
  #connection(at: number): void {
    const start = this.spans[at + 2] as number;
    // What browsers say.
    if ((this.spans[at + 3] as number) - start === 10 && this.text.startsWith('keep-alive', start)) {
      this.keepAlive = !this.#closes;
      return;
    }
    for (const option of this.#value(at).toLowerCase().split(',')) {
      const token = withoutBlanks(option);
      if (token === 'close') this.#closes = true;
      else if (token === 'keep-alive') this.keepAlive = true;
    }
    if (this.#closes) this.keepAlive = false;
  }

  /** The request target as it was sent. */
  get target(): string {
    return this.text.substring(this.targetStart, this.targetEnd);
  }

  /** OriginForm, AbsoluteForm, AsteriskForm or AuthorityForm. */
  get form(): number {
    return this.#other === null ? OriginForm : this.#other.form;
  }

  /** HOT. The path of the target, still percent-encoded. */
  get path(): string {
    return this.#other === null ? this.text.substring(this.targetStart, this.#pathEnd) : this.#other.path;
  }

  /** What follows the first `?` of the target. */
  get query(): string {
    if (this.#other !== null) return this.#other.query;
    return this.#pathEnd === this.targetEnd ? '' : this.text.substring(this.#pathEnd + 1, this.targetEnd);
  }

  /** Host and port that the client addresses: the target's own if it has them, else the Host field (RFC 9112 3.2.2). */
  get host(): string {
    if (this.#other !== null && this.#other.authority !== '') return this.#other.authority;
    return this.hostField;
  }

  /** The value of the Host field; empty if there is none. */
  get hostField(): string {
    return this.text.substring(this.hostStart, this.hostEnd);
  }

  get fieldCount(): number {
    return this.spans.length / SPAN_WIDTH;
  }

  /** The name of field line `index`, as it was sent. */
  fieldName(index: number): string {
    return this.text.substring(
      this.spans[index * SPAN_WIDTH] as number,
      this.spans[index * SPAN_WIDTH + 1] as number,
    );
  }

  /** The value of field line `index`, without the blanks around it. */
  fieldValue(index: number): string {
    return this.#value(index * SPAN_WIDTH);
  }

  /**
   * HOT. The value of a field; the values of several lines joined by `, `, those of Cookie by `; ` (RFC 9110 5.3, RFC 6265 5.4).
   * @param name in lower case
   */
  field(name: string): string | undefined {
    const { text, spans } = this;
    let found: string | undefined;
    for (let at = 0; at < spans.length; at += SPAN_WIDTH) {
      const start = spans[at] as number;
      if ((spans[at + 1] as number) - start !== name.length || !isSameName(text, start, name)) continue;
      const value = this.#value(at);
      found = found === undefined ? value : `${found}${name === 'cookie' ? '; ' : ', '}${value}`;
    }
    return found;
  }

  #value(at: number): string {
    this.#trim(at);
    return this.text.substring(this.spans[at + 2] as number, this.spans[at + 3] as number);
  }

  /** llhttp strips blanks before a value, not behind it. */
  #trim(at: number): void {
    const { text, spans } = this;
    const start = spans[at + 2] as number;
    let end = spans[at + 3] as number;
    while (end > start && isBlank(text.charCodeAt(end - 1))) end -= 1;
    spans[at + 3] = end;
  }
}
