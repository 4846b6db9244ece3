// Reads one request after the other out of octets, with llhttp, and sees to the bounds of head and framing. It knows nothing of
// answers, time or sockets: what it finds goes to a sink, what can't be read comes back as an outcome.

import { Buffer } from 'node:buffer';
import * as parserCodes from '../parser/codes.ts';
import type { Parser } from '../parser/parser.ts';
import type { RequestErrorCode } from './errors.ts';
import type { Limits } from './limits.ts';
import { Refusal } from './refusal.ts';
import { RequestHead } from './request-head.ts';
import { Trailers } from './trailers.ts';
import { refusalOf } from './unreadable.ts';

/** Digits of a chunk's size, leading zeros included; 16 are any 64-bit number. */
const MOST_SIZE_DIGITS = 16;

/** Octets of ` HTTP/1.1`. */
const LONGEST_VERSION = 9;

const SEMICOLON = 0x3b;
const CR = 0x0d;
const LF = 0x0a;

/** What came of reading. */
export const MoreWanted = 0;
export const MessageEnded = 1;
/** The sink said to stop. */
const Stopped = 2;
/** `problem` says why the head is refused. */
export const HeadRefused = 3;
/** `problem` says why the content can't be read to its end. */
const ContentFailed = 4;

/** Why a request can't be read. */
export interface Problem {
  readonly refusal: Refusal;
  /** For whoever reads the content. */
  readonly code: RequestErrorCode;
  readonly message: string;
}

/** Who is told of what is found. Both answer false when reading must stop. */
export interface MessageSink {
  /** A head is complete and in order. */
  beginMessage(head: RequestHead): boolean;
  /** Octets of content: those of `memory` between two places, valid only during the call. */
  takeContent(memory: Buffer, start: number, end: number): boolean;
}

export class MessageReader {
  readonly #limits: Limits;
  readonly #sink: MessageSink;
  /** The head that is being read. */
  head: RequestHead | null = null;
  /** The address behind what was read. */
  position = 0;
  problem: Problem | null = null;
  /** Octets of the head so far. */
  #headOctets = 0;
  /** llhttp's state, while a message is cut by the end of a read. */
  #suspended: Uint8Array | null = null;
  /** Whether the head is complete and content is being read. */
  #inContent = false;
  /** The address behind the head that was just read. */
  #headEnd = 0;
  /** Octets of chunk extensions so far. */
  #extensions = 0;
  #inExtension = false;
  /** Digits of the present chunk's size. */
  #digits = 0;
  #trailers: Trailers | null = null;

  constructor(limits: Limits, sink: MessageSink) {
    this.#limits = limits;
    this.#sink = sink;
  }

  /** What is known of the request on its way. */
  known(): { readonly method: string | undefined; readonly target: string | undefined } {
    const words = /^(?:\r\n)*([^ \r\n]+) ([^ \r\n]*)/.exec(this.#text);
    return { method: words?.[1], target: words?.[2] || undefined };
  }

  /** Whether it is a HEAD, as far as that can be told. */
  get isHead(): boolean {
    return /^(\r\n)*HEAD /.test(this.#text);
  }

  /** Empty lines are no request; 408 would be taken for the answer to the next one (RFC 9110 15.5.9). */
  get isSilent(): boolean {
    return !/[^\r\n]/.test(this.#text);
  }

  /** What has arrived of the head. */
  get #text(): string {
    return this.head?.text ?? '';
  }

  /** HOT. Makes the parser ready for the octets that come now. */
  resume(parser: Parser): void {
    if (this.#suspended === null) parser.reset();
    else {
      parser.restore(this.#suspended);
      this.#suspended = null;
    }
  }

  /** The message goes on in the next read. */
  suspend(parser: Parser): void {
    this.#suspended = parser.save();
  }

  /** HOT. Reads on from the address `from`, up to `to` or to the end of the message. @returns what came of it */
  read(parser: Parser, from: number, to: number): number {
    let at = from;
    for (;;) {
      const code = parser.execute(at, to);
      this.position = code === parserCodes.Ok ? to : parser.position;
      const outcome = this.#takeRecords(parser, at, this.position);
      if (outcome !== MoreWanted) return outcome;
      if (code === parserCodes.Ok) return MoreWanted;
      if (code !== parserCodes.Paused) return this.#refuseMalformed(parser, code);
      // The table was full.
      parser.resume();
      at = this.position;
    }
  }

  /** Gives up what was begun. */
  forget(): void {
    this.head = null;
    this.#suspended = null;
    this.#trailers = null;
  }

  /**
   * HOT. Works through the parser's table.
   * @param from the address of the first octet that was read
   * @param to the address behind the last one
   */
  #takeRecords(parser: Parser, from: number, to: number): number {
    const count = parser.count;
    let record = 0;
    // What lies between here and the next piece of content is its framing.
    let at = from;
    if (!this.#inContent) {
      record = this.#takeHead(parser, from, to, count);
      if (record < 0) return this.problem === null ? Stopped : HeadRefused;
      if (!this.#inContent) return MoreWanted;
      at = this.#headEnd;
    }
    for (; record < count; record += 1) {
      const kind = parser.kind(record);
      if (kind === parserCodes.MessageEnd) {
        if (at !== to && !this.#countFraming(parser.memory, at, to)) return ContentFailed;
        this.#endMessage();
        return MessageEnded;
      }
      const start = parser.start(record);
      if (start !== at && !this.#countFraming(parser.memory, at, start)) return ContentFailed;
      at = start + parser.length(record);
      if (kind === parserCodes.Content) {
        if (!this.#sink.takeContent(parser.memory, start, at)) return Stopped;
      } else if (!this.#takeTrailer(parser, kind, start, at)) return ContentFailed;
    }
    return at === to || this.#countFraming(parser.memory, at, to) ? MoreWanted : ContentFailed;
  }

  /** HOT. @returns the number of the record behind the head, or -1 if reading must stop; `count` if it is not complete */
  #takeHead(parser: Parser, from: number, to: number, count: number): number {
    this.head ??= new RequestHead();
    const { head } = this;
    // Where an address lies in the text of the head.
    const shift = head.text.length - from;
    const headEnd = parser.findHeadEnd(count);
    if (headEnd === count) {
      head.add(parser, count, shift);
      head.text += parser.text(from, to);
      this.#headOctets += to - from;
      return this.#passes(head.exceeds(this.#limits, this.#headOctets)) ? count : -1;
    }
    head.add(parser, headEnd, shift);
    // Behind the last span stand only the version, if there was no field, and line ends.
    const end = headEnd === 0 ? from : parser.start(headEnd - 1) + parser.length(headEnd - 1);
    const text = parser.text(from, Math.min(to, end + LONGEST_VERSION));
    this.#headEnd = head.length - shift;
    let octets: Uint8Array = parser.memory;
    let base = from;
    if (head.text === '') head.text = text;
    else {
      // It came in parts, the first of which are no longer in the parser's memory.
      head.text += text;
      octets = Buffer.from(head.text, 'latin1');
      base = 0;
    }
    return this.#completeHead(head, parser, octets, base) ? headEnd + 1 : -1;
  }

  /** HOT. */
  #completeHead(head: RequestHead, parser: Parser, octets: Uint8Array, base: number): boolean {
    const limits = this.#limits;
    const method = parserCodes.methodNames[parser.method] as string;
    const refusal = head.exceeds(limits, head.length) ?? head.complete(method, limits, octets, base);
    if (!this.#passes(refusal)) return false;
    this.head = null;
    this.#headOctets = 0;
    this.#inContent = true;
    this.#extensions = 0;
    this.#inExtension = false;
    this.#digits = 0;
    return this.#sink.beginMessage(head);
  }

  #passes(refusal: Refusal | null): boolean {
    if (refusal === null) return true;
    this.problem = { refusal, code: 'FAPWS_CONTENT_MALFORMED', message: refusal.detail };
    return false;
  }

  /** HOT. */
  #endMessage(): void {
    this.#inContent = false;
    this.#trailers = null;
  }

  /** Octets around content: sizes of chunks, their extensions, line ends; or the line ends and blanks of trailers. */
  #countFraming(memory: Buffer, from: number, to: number): boolean {
    if (this.#trailers !== null) return this.#passesTrailer(this.#trailers.addFraming(to - from));
    for (let at = from; at < to; at += 1) {
      const octet = memory[at];
      if (octet === CR) {
        this.#inExtension = false;
        this.#digits = 0;
      } else if (this.#inExtension || octet === SEMICOLON) {
        this.#inExtension = true;
        this.#extensions += 1;
        if (this.#extensions > this.#limits.chunkExtensions) return this.#fail(Refusal.extensionsTooLarge);
      } else if (octet !== LF) {
        this.#digits += 1;
        if (this.#digits > MOST_SIZE_DIGITS) return this.#fail(Refusal.framing);
      }
    }
    return true;
  }

  /** A part of a name or of a value behind the content. */
  #takeTrailer(parser: Parser, kind: number, start: number, end: number): boolean {
    this.#trailers ??= new Trailers(this.#limits);
    const trailers = this.#trailers;
    return this.#passesTrailer(
      kind === parserCodes.FieldName
        ? trailers.addName(parser.text(start, end))
        : trailers.addValue(end - start),
    );
  }

  #passesTrailer(refusal: Refusal | null): boolean {
    return refusal === null || this.#fail(refusal);
  }

  #fail(refusal: Refusal): false {
    const malformed = refusal.status.startsWith('400');
    this.problem = {
      refusal,
      code: malformed ? 'FAPWS_CONTENT_MALFORMED' : 'FAPWS_CONTENT_TOO_LARGE',
      message: refusal.detail,
    };
    return false;
  }

  /** llhttp found an error. What it means depends on where in the message it is. */
  #refuseMalformed(parser: Parser, code: number): number {
    if (this.#inContent) {
      this.#fail(Refusal.framing);
      return ContentFailed;
    }
    this.#passes(refusalOf(code, parser, this.#text));
    return HeadRefused;
  }
}
