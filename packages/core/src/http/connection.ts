// One connection: octets in, effects on its transport out. No sockets, no clock but the one handed in.
// states.ts has the states and transitions; everything here keeps to that table.

import { Buffer } from 'node:buffer';
import type { Receiver, Transport } from '../loop/types.ts';
import * as parserCodes from '../parser/codes.ts';
import type { Parser } from '../parser/parser.ts';
import { RequestError, type RequestErrorCode } from './errors.ts';
import { Exchange } from './exchange.ts';
import type { Protocol } from './protocol.ts';
import { Refusal } from './refusal.ts';
import { RequestHead } from './request-head.ts';
import { responseHeadOf } from './response-head.ts';
import * as states from './states.ts';
import type { Timed } from './timer-wheel.ts';
import { refusalOf } from './unreadable.ts';

/** From here on answers pile up at a client that does not read them: its further requests wait. Octets. */
const ANSWER_BACKLOG = 65_536;

/** Octets of what was held back that are looked at in one go; bounds what is copied when little of it can be used. */
const HELD_PIECE = 4096;

/** Octets that a chunk of content may take for its size and line ends without being counted as overhead. */
const CHUNK_FRAMING = 24;

/** Octets of ` HTTP/1.1`. */
const LONGEST_VERSION = 9;

/** Seconds that a client gets to leave after its last answer when the whole server wants to stop. */
const LINGER_WHILE_STOPPING = 1;

const Never = Number.POSITIVE_INFINITY;

export class Connection implements Receiver, Timed {
  readonly protocol: Protocol;
  readonly transport: Transport;
  state: number = states.Idle;
  /** The request in hand. */
  #exchange: Exchange | null = null;
  /** The head that is being read. */
  #head: RequestHead | null = null;
  /** llhttp's state, while a message is cut by the end of a read. */
  #suspended: Uint8Array | null = null;
  /** Octets behind the request in hand; they are looked at when it is answered. */
  #held: Buffer | null = null;
  #paused = false;
  #peerEnded = false;
  /** Whether the time for the head that is being read runs. */
  #headTimed = false;
  /** Requests so far. */
  #requests = 0;
  /** Octets of the head being read; of content or of what comes behind the last answer, when that is thrown away. */
  #octets = 0;
  /** Octets of framing around content beyond what each chunk needs: extensions, trailers. */
  #overhead = 0;
  /** Whether the last octet was content of a chunk, which goes on unless framing follows. */
  #inChunk = false;
  /** The address behind the head that was just read. */
  #headEnd = 0;
  /** Whether the time for the client to take something of the backlog runs. */
  #stalled = false;
  /** The transport's backlog when it began. */
  #backlogSeen = 0;
  // The wheel's.
  deadline: number = Never;
  wheelPrevious: Timed | null = null;
  wheelNext: Timed | null = null;
  wheelTick = -1;

  constructor(protocol: Protocol, transport: Transport) {
    this.protocol = protocol;
    this.transport = transport;
    protocol.connections.add(this);
    protocol.clock.update();
    // A client that connects and says nothing has as long for it as for a whole head.
    this.#expireIn(protocol.timeouts.head);
  }

  /** Whether a request is in hand. */
  get busy(): boolean {
    return this.#exchange !== null;
  }

  /** Whether the answer in hand is the last one of this connection. */
  get isLast(): boolean {
    const { protocol } = this;
    return (
      protocol.stopping ||
      !protocol.persistent ||
      this.#peerEnded ||
      this.#requests >= protocol.limits.requests
    );
  }

  // What the loop tells.

  /** HOT. */
  data(length: number): void {
    const { protocol } = this;
    protocol.clock.update();
    const { parser } = protocol;
    if (this.state === states.Lingering) this.#throwAway(length);
    else if (this.#mustWait()) this.#hold(parser.input.subarray(0, length));
    else if (this.state !== states.Closed) this.#read(parser.inputAddress, parser.inputAddress + length);
  }

  drain(): void {
    this.protocol.clock.update();
    if (this.state === states.Closed) return;
    this.#stalled = false;
    this.#schedule();
    this.#exchange?.drained();
    // In the other states it is not the client's slowness that has stopped the reading.
    if (this.state === states.Idle) this.#lookAtHeldLater();
  }

  end(): void {
    this.#peerEnded = true;
    switch (this.state) {
      case states.Idle:
      case states.Head:
      case states.Discarding:
        if (this.#held === null) this.#closeGently();
        break;
      case states.Content:
        // RFC 9112 8: an incomplete request is not answered as if it were whole.
        this.#exchange?.clientLeft();
        break;
      case states.Answering:
        // The client may only have shut its side (RFC 9112 9.6), so it still gets its answer; most have left for good.
        this.#exchange?.clientLeft();
        break;
      // While lingering the loop closes by itself when our last octet is out.
    }
  }

  close(_error: Error | null): void {
    this.#forget();
  }

  /** Timed: the deadline has passed. */
  expire(): void {
    const { backlog } = this.transport;
    if (backlog > 0) {
      // A slow client is not a dead one as long as it takes something.
      if (!this.#stalled || backlog < this.#backlogSeen) this.stalled();
      else this.cut(true);
      return;
    }
    if (this.#stalled) {
      this.#stalled = false;
      this.#schedule();
      return;
    }
    switch (this.state) {
      case states.Head:
        // Empty lines are no request; 408 would be taken for the answer to the next one (RFC 9110 15.5.9).
        if (/[^\r\n]/.test(this.#head?.text ?? '')) this.refuse(Refusal.timeout);
        else this.#close();
        break;
      case states.Content:
        this.#failContent(
          'FAPWS_CONTENT_TIMEOUT',
          Refusal.timeout,
          `No content arrived for ${this.protocol.timeouts.content} seconds.`,
        );
        break;
      default:
        this.#close();
    }
  }

  // What the exchange tells.

  /** The application waits for content. */
  readOn(): void {
    // While octets are being read, what follows is seen to there.
    if (this.protocol.reading === this) return;
    this.#resume();
    this.#schedule();
  }

  /** So much waits for the client that its slowness is timed from now on. */
  stalled(): void {
    this.#stalled = true;
    this.#backlogSeen = this.transport.backlog;
    this.#expireIn(this.protocol.timeouts.write);
  }

  /** HOT. The answer is complete and written. */
  answered(keepAlive: boolean): void {
    this.#exchange = null;
    if (this.state === states.Closed || this.state === states.Lingering) return;
    // The server may have begun to stop, or the client shut its side, after the head of this answer was sent.
    if (!keepAlive || this.protocol.stopping || (this.#peerEnded && this.#held === null)) {
      this.#finishWriting();
      return;
    }
    this.#enter(states.AnswerComplete);
    // While the request is still being read, what follows is seen to there.
    if (this.protocol.reading === this) return;
    this.#lookAtHeldLater();
    this.#schedule();
  }

  /** Answers in place of an application and ends the connection; the answers before it are written already. */
  refuse(refusal: Refusal): void {
    if (this.state === states.Closed || this.state === states.Lingering) return;
    const { protocol, transport } = this;
    const page = protocol.answerer.refusalPage(refusal);
    const head = responseHeadOf(refusal.status, page.headers);
    const length = Buffer.byteLength(page.content);
    transport.write(`${head.render(protocol.clock)}Content-Length: ${length}\r\nConnection: close\r\n\r\n`);
    if (!this.#isHead) transport.write(Buffer.from(page.content));
    this.#exchange?.cutOff();
    this.#exchange = null;
    this.#finishWriting();
  }

  /** Whether what is refused is a HEAD, as far as can be told from what has arrived of it. */
  get #isHead(): boolean {
    if (this.#exchange !== null) return this.#exchange.head.method === 'HEAD';
    return this.#head !== null && /^(\r\n)*HEAD /.test(this.#head.text);
  }

  /** Breaks the connection off. @param asReset whether the client must not take it for an orderly end */
  cut(asReset: boolean): void {
    if (this.state === states.Closed) return;
    if (asReset) this.transport.reset();
    else this.transport.destroy();
    this.#forget();
  }

  /** Closes the connection if no request is in hand or on its way. */
  closeIfIdle(): void {
    if (this.state === states.Idle && this.#held === null) this.#closeGently();
  }

  /** Closes without losing what was answered and is still on its way. */
  #closeGently(): void {
    if (this.transport.backlog > 0) this.#finishWriting();
    else this.#close();
  }

  // Reading.

  /** HOT. Reads octets at the addresses `from` up to `to`: as many requests as they hold and as can be answered. */
  #read(from: number, to: number): void {
    const { protocol } = this;
    if (protocol.reading !== null) throw new Error('impossible: octets are read while others are');
    protocol.reading = this;
    try {
      this.#readMessages(protocol.parser, from, to);
    } finally {
      protocol.reading = null;
    }
  }

  /** HOT. */
  #readMessages(parser: Parser, from: number, to: number): void {
    let at = from;
    if (this.#suspended === null) parser.reset();
    else {
      parser.restore(this.#suspended);
      this.#suspended = null;
    }
    while (at < to) {
      this.#enter(states.Octets);
      const code = parser.execute(at, to);
      const position = code === parserCodes.Ok ? to : parser.position;
      const messageEnded = this.#takeRecords(parser, at, position);
      if (this.state === states.Closed || this.state === states.Lingering) return;
      at = position;
      if (messageEnded) {
        if (at === to) return;
        if (this.#mustWait()) {
          this.#hold(parser.memory.subarray(at, to));
          return;
        }
        parser.reset();
      } else if (code === parserCodes.Paused) parser.resume();
      else if (code !== parserCodes.Ok) {
        this.#refuseMalformed(parser, code);
        return;
      }
    }
    this.#suspend(parser);
  }

  /** A message goes on in the next read. */
  #suspend(parser: Parser): void {
    this.#suspended = parser.save();
    if (this.state !== states.Head) {
      // Content that nobody takes stops the reading; one read's worth waits.
      if (this.#exchange !== null && this.#exchange.unread > 0) this.#pause();
      else this.#resume();
      this.#schedule();
    } else if (!this.#headTimed) {
      this.#headTimed = true;
      this.#schedule();
    }
  }

  /**
   * HOT. Works through the parser's table.
   * @param from the address of the first octet that was read
   * @param to the address behind the last one
   * @returns whether a message came to its end
   */
  #takeRecords(parser: Parser, from: number, to: number): boolean {
    const count = parser.count;
    let record = 0;
    // What lies between here and the next piece of content is its framing.
    let at = from;
    if (this.state === states.Head) {
      record = this.#takeHead(parser, from, to, count);
      if (record < 0 || (this.state as number) === states.Head) return false;
      at = this.#headEnd;
    }
    for (; record < count; record += 1) {
      switch (parser.kind(record)) {
        case parserCodes.Content: {
          const start = parser.start(record);
          if (start !== at || !this.#inChunk) {
            if (!this.#countFraming(start - at)) return false;
            this.#overhead = Math.max(0, this.#overhead - CHUNK_FRAMING);
            this.#inChunk = true;
          }
          at = start + parser.length(record);
          if (!this.#takeContent(parser, start, at)) return false;
          break;
        }
        case parserCodes.MessageEnd:
          if (at !== to && !this.#countFraming(to - at)) return false;
          this.#endMessage();
          return true;
        // The others are trailer fields: read, bounded and dropped (RFC 9110 6.5.1).
      }
    }
    if (at !== to) this.#countFraming(to - at);
    return false;
  }

  /** HOT. @returns the number of the record behind the head, or -1 if the head was refused; `count` if it is not complete */
  #takeHead(parser: Parser, from: number, to: number, count: number): number {
    this.#head ??= new RequestHead();
    const head = this.#head;
    // Where an address lies in the text of the head.
    const shift = head.text.length - from;
    const headEnd = parser.findHeadEnd(count);
    if (headEnd === count) {
      head.add(parser, count, shift);
      head.text += parser.text(from, to);
      this.#octets += to - from;
      const refusal = head.exceeds(this.protocol.limits, this.#octets);
      if (refusal === null) return count;
      this.refuse(refusal);
      return -1;
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

  /** HOT. @returns false if the request was refused */
  #completeHead(head: RequestHead, parser: Parser, octets: Uint8Array, base: number): boolean {
    const { protocol } = this;
    const method = parserCodes.methodNames[parser.method] as string;
    const refusal =
      head.exceeds(protocol.limits, head.length) ?? head.complete(method, protocol.limits, octets, base);
    if (refusal !== null) {
      this.refuse(refusal);
      return false;
    }
    this.#head = null;
    this.#octets = 0;
    this.#overhead = 0;
    this.#inChunk = false;
    this.#headTimed = false;
    this.#requests += 1;
    this.#enter(states.HeadComplete);
    const exchange = new Exchange(this, head, protocol.limits.content);
    this.#exchange = exchange;
    // The application has the time that it wants; only noted, so that the wheel need not move.
    if (!this.#stalled) this.deadline = Never;
    protocol.answerer.answer(exchange);
    return (this.state as number) !== states.Closed && (this.state as number) !== states.Lingering;
  }

  /** @returns false if reading must stop */
  #takeContent(parser: Parser, start: number, end: number): boolean {
    const exchange = this.#exchange;
    if (exchange === null) {
      this.#octets += end - start;
      if (this.#octets <= this.protocol.limits.discard) return true;
      this.#finishWriting();
      return false;
    }
    if (!exchange.receive(parser.memory, start, end)) {
      this.#failContent(
        'FAPWS_CONTENT_TOO_LARGE',
        Refusal.contentTooLarge,
        `The content is larger than the ${exchange.contentLimit} octets that are allowed.`,
      );
    }
    // Whoever waited for content may have given the last answer.
    return this.state !== states.Closed && this.state !== states.Lingering;
  }

  /** HOT. */
  #endMessage(): void {
    this.#enter(states.MessageComplete);
    this.#octets = 0;
    const exchange = this.#exchange;
    // From now on reading tells whether the client leaves.
    this.#resume();
    this.#schedule();
    exchange?.endContent();
  }

  /**
   * Chunk extensions and trailers are dropped, but a client must not send them without end.
   * @returns false if there are too many
   */
  #countFraming(octets: number): boolean {
    this.#inChunk = false;
    this.#overhead += octets;
    if (this.#overhead <= this.protocol.limits.head + CHUNK_FRAMING) return true;
    this.#failContent(
      'FAPWS_CONTENT_TOO_LARGE',
      Refusal.fieldsTooLarge,
      'The chunks have too many extensions or trailers.',
    );
    return false;
  }

  /** The content can't be read to its end. Tells the application, and the client if that has no answer yet. */
  #failContent(code: RequestErrorCode, refusal: Refusal, message: string): void {
    const exchange = this.#exchange;
    exchange?.failContent(new RequestError(code, refusal.status, message));
    if (this.state === states.Closed || this.state === states.Lingering) return;
    // The answer is out; nothing behind broken framing can be trusted.
    if (exchange === null || exchange.complete) this.#finishWriting();
    else if (exchange.started) this.cut(true);
    else this.refuse(refusal);
  }

  /** llhttp found an error. What it means depends on where in the message it is. */
  #refuseMalformed(parser: Parser, code: number): void {
    if (this.state === states.Head) this.refuse(refusalOf(code, parser, this.#head?.text ?? ''));
    else {
      this.#failContent(
        'FAPWS_CONTENT_MALFORMED',
        Refusal.badRequest,
        'The content is not framed correctly.',
      );
    }
  }

  // Holding back.

  /** Whether octets of the next request can't be looked at yet. */
  #mustWait(): boolean {
    return (
      this.state === states.Answering ||
      this.#held !== null ||
      (this.state === states.Idle && this.transport.backlog >= ANSWER_BACKLOG)
    );
  }

  /** Keeps a copy of octets of requests that have to wait, and reads no more until they are used. */
  #hold(octets: Uint8Array): void {
    this.#held = this.#held === null ? Buffer.from(octets) : Buffer.concat([this.#held, octets]);
    this.#pause();
  }

  #lookAtHeldLater(): void {
    if (this.#held === null) {
      this.#resume();
      return;
    }
    this.protocol.afterTurn(() => this.#lookAtHeld());
  }

  #lookAtHeld(): void {
    const { parser } = this.protocol;
    while (this.#held !== null) {
      const held: Buffer = this.#held;
      this.#held = null;
      if (this.state === states.Closed || this.state === states.Lingering) return;
      if (this.#mustWait()) {
        this.#held = held;
        return;
      }
      const piece = held.copy(parser.input, 0, 0, HELD_PIECE);
      this.#read(parser.inputAddress, parser.inputAddress + piece);
      // What of the piece had to wait again, and the rest behind it, are the end of what was held.
      const waiting: number = (this.#held as Buffer | null)?.length ?? 0;
      this.#held = waiting === 0 && piece === held.length ? null : held.subarray(piece - waiting);
    }
    if (this.#peerEnded && this.#exchange === null) this.end();
    else if (this.state !== states.Content) this.#resume();
  }

  #pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.transport.pause();
  }

  #resume(): void {
    if (!this.#paused || this.#held !== null || this.state === states.Closed) return;
    this.#paused = false;
    this.transport.resume();
  }

  // Ending.

  /** What comes behind the last answer is thrown away, within bounds. */
  #throwAway(length: number): void {
    this.#octets += length;
    if (this.#octets > this.protocol.limits.discard) this.#close();
  }

  /** The last octet is written: shut our side, and wait for the client to read it and to leave (RFC 9112 9.6). */
  #finishWriting(): void {
    this.#enter(states.LastAnswer);
    this.#octets = 0;
    this.#held = null;
    this.transport.end();
    this.#resume();
    this.#schedule();
  }

  #close(): void {
    this.transport.destroy();
    this.#forget();
  }

  #forget(): void {
    if (this.state === states.Closed) return;
    this.#enter(states.Gone);
    this.protocol.forget(this);
    this.protocol.wheel.remove(this);
    const exchange = this.#exchange;
    this.#exchange = null;
    this.#head = null;
    this.#held = null;
    this.#suspended = null;
    exchange?.cutOff();
  }

  // Timing.

  /** HOT. Sets the deadline that goes with the state; a client that takes nothing has that of a write in any state. */
  #schedule(): void {
    if (this.#stalled) return;
    const { timeouts } = this.protocol;
    switch (this.state) {
      case states.Idle:
        this.#expireIn(timeouts.idle);
        break;
      case states.Head:
        this.#expireIn(timeouts.head);
        break;
      case states.Content:
      case states.Discarding:
        // A client that was not asked for its content yet is not slow.
        this.#expireIn(this.#paused || this.#exchange?.awaitsInvitation === true ? Never : timeouts.content);
        break;
      case states.Lingering:
        this.#expireIn(
          this.protocol.stopping ? Math.min(timeouts.linger, LINGER_WHILE_STOPPING) : timeouts.linger,
        );
        break;
      case states.Answering:
        this.deadline = Never;
        break;
    }
  }

  /** HOT. */
  #expireIn(seconds: number): void {
    const { clock, wheel } = this.protocol;
    wheel.set(this, clock.now + seconds * 1000);
  }

  #enter(event: number): void {
    this.state = states.nextState(this.state, event);
  }
}
