// One connection: octets in, effects on its transport out. No sockets, no clock but the one handed in.
// states.ts has the states and transitions; everything here keeps to that table. message-reader.ts finds the requests in the
// octets, preface.ts what may come before them.

import { Buffer } from 'node:buffer';
import type { Endpoint, Receiver, Transport } from '../loop/types.ts';
import { type Awaited, Deadlines } from './deadlines.ts';
import { RequestError, type RequestErrorCode } from './errors.ts';
import { tellAborted, tellRefused, tellTimeout } from './events.ts';
import { Exchange } from './exchange.ts';
import * as reading from './message-reader.ts';
import { type Preface, type PrefaceResult, prefaceProblem, readPreface } from './preface.ts';
import type { Protocol } from './protocol.ts';
import { Refusal } from './refusal.ts';
import type { RequestHead } from './request-head.ts';
import { responseHeadOf } from './response-head.ts';
import * as states from './states.ts';

/** From here on answers pile up at a client that does not read them: its further requests wait. Octets. */
const ANSWER_BACKLOG = 65_536;

/** Octets of what was held back that are looked at in one go; bounds what is copied when little of it can be used. */
const HELD_PIECE = 4096;

/** Seconds without a request after which a stop closes a connection: one that was just in use may have a request on its way. */
const IDLE_WHILE_STOPPING = 1;

export class Connection implements Receiver, reading.MessageSink {
  readonly protocol: Protocol;
  readonly transport: Transport;
  state: number = states.Idle;
  /** The client: the peer, or whom the peer speaks for. */
  remote: Endpoint;
  /** What came before the first request. */
  preface: PrefaceResult | null = null;
  /** The request in hand. */
  exchange: Exchange | null = null;
  /** Requests so far. */
  requests = 0;
  /** Octets of this request's content, or of what comes behind the last answer. */
  contentOctets = 0;
  readonly #reader: reading.MessageReader;
  readonly deadlines: Deadlines;
  /** Octets behind the request in hand, which are looked at when it is answered; or of a preface that is not complete. */
  #held: Buffer | null = null;
  #paused = false;
  #peerEnded = false;
  /** Whether the time for the head that is being read runs. */
  #headTimed = false;
  /** Whether this connection was one too many. */
  #refused = false;
  constructor(protocol: Protocol, transport: Transport) {
    this.protocol = protocol;
    this.transport = transport;
    this.#reader = new reading.MessageReader(protocol.limits, this);
    this.remote = transport.remote;
    protocol.connections.add(this);
    protocol.clock.update();
    this.deadlines = new Deadlines(this);
    this.#admit();
    if (this.state === states.Idle && protocol.preface !== null) this.#expect(protocol.preface);
  }

  /** Whether a request is in hand. */
  get busy(): boolean {
    return this.exchange !== null;
  }

  /** Whether the answer in hand is the last one of this connection. */
  get isLast(): boolean {
    const { protocol } = this;
    return (
      protocol.stopping ||
      !protocol.persistent ||
      this.#peerEnded ||
      this.requests >= protocol.limits.requests
    );
  }

  /** Whether content is to come that nobody has asked for yet. */
  get waitsForApplication(): boolean {
    const { exchange } = this;
    // An answer that has begun takes the place of 100 Continue (RFC 9110 10.1.1).
    return this.#paused || (exchange?.awaitsInvitation === true && !exchange.started);
  }

  /** Where the client connected to, as it sees it. */
  get local(): Endpoint {
    return this.preface?.local ?? this.transport.local;
  }

  /** For events: what is known of the request in hand, or on its way. */
  known(): { readonly method: string | undefined; readonly target: string | undefined } {
    const head = this.exchange?.head;
    if (head !== undefined) return { method: head.method, target: head.target };
    const text = this.#reader.head?.text ?? '';
    const words = /^(?:\r\n)*([^ \r\n]+) ([^ \r\n]*)/.exec(text);
    return { method: words?.[1], target: words?.[2] || undefined };
  }

  #admit(): void {
    const { admission, connections } = this.protocol;
    if (admission.enter(this.remote.address, connections.size)) return;
    this.#refused = true;
    if (admission.refuse()) this.refuse(Refusal.tooManyConnections);
    else this.#close();
  }

  // What the loop tells.

  /** HOT. */
  data(length: number): void {
    const { protocol } = this;
    protocol.clock.update();
    const { parser } = protocol;
    if (this.state === states.Lingering) this.#throwAway(length);
    else if (this.state === states.Preface) this.#readPreface(parser.input.subarray(0, length));
    else if (this.#mustWait()) this.#hold(parser.input.subarray(0, length));
    else if (this.state !== states.Closed) this.#read(parser.inputAddress, parser.inputAddress + length);
  }

  drain(): void {
    this.protocol.clock.update();
    if (this.state === states.Closed) return;
    this.deadlines.drained();
    this.exchange?.drained();
    // In the other states it is not the client's slowness that has stopped the reading.
    if (this.state === states.Idle) this.#lookAtHeldLater();
  }

  end(): void {
    this.#peerEnded = true;
    switch (this.state) {
      case states.Preface:
        this.#close();
        break;
      case states.Idle:
      case states.Head:
      case states.Discarding:
        if (this.#held !== null) break;
        this.#tellAborted();
        this.#closeGently();
        break;
      case states.Content:
      // RFC 9112 8: an incomplete request is not answered as if it were whole.
      case states.Answering:
        // The client may only have shut its side (RFC 9112 9.6), so it still gets its answer; most have left for good.
        if (this.#tellAborted()) this.exchange?.clientLeft();
        break;
      // While lingering the loop closes by itself when our last octet is out.
    }
  }

  close(_error: Error | null): void {
    this.#tellAborted();
    this.#forget();
  }

  /** @returns whether there is a request whose client leaves now */
  #tellAborted(): boolean {
    const { exchange } = this;
    if (exchange === null) {
      if (this.state === states.Head && !this.#isSilent) tellAborted(this, false);
      return false;
    }
    if (exchange.gone || exchange.complete) return false;
    tellAborted(this, exchange.started);
    return true;
  }

  /** A deadline has passed. */
  timedOut(awaited: Awaited): void {
    switch (awaited) {
      case 'head':
        this.#endHead();
        break;
      case 'content':
        this.#endContent();
        break;
      case 'handler':
        this.#endHandler();
        break;
      case 'request':
        this.#endRequest();
        break;
      case 'write':
        this.#endWrite();
        break;
      default:
        this.#close();
    }
  }

  /** The client took too long to take anything. */
  #endWrite(): void {
    tellTimeout(this, 'write');
    this.exchange?.cutOff(
      new RequestError(
        'FAPWS_WRITE_TIMEOUT',
        Refusal.timeout.status,
        `The client took nothing of its answer for ${this.protocol.timeouts.write} seconds.`,
      ),
    );
    this.cut(true);
  }

  /** The head took too long. */
  #endHead(): void {
    if (this.#isSilent) {
      this.#close();
      return;
    }
    tellTimeout(this, 'head');
    this.refuse(Refusal.timeout);
  }

  /** Empty lines are no request; 408 would be taken for the answer to the next one (RFC 9110 15.5.9). */
  get #isSilent(): boolean {
    return !/[^\r\n]/.test(this.#reader.head?.text ?? '');
  }

  /** The content took too long. */
  #endContent(): void {
    if (this.state === states.Discarding) {
      this.#close();
      return;
    }
    const { timeouts, limits } = this.protocol;
    tellTimeout(this, 'content');
    this.#failContent(
      'FAPWS_CONTENT_TIMEOUT',
      Refusal.timeout,
      `No content arrived for ${timeouts.content} seconds, or less than ${limits.contentRate} octets per second.`,
    );
  }

  /** The application took too long. */
  #endHandler(): void {
    tellTimeout(this, 'handler');
    const seconds = this.exchange?.handlerTimeout;
    this.refuse(
      Refusal.handlerTimeout,
      new RequestError(
        'FAPWS_HANDLER_TIMEOUT',
        Refusal.handlerTimeout.status,
        `No answer was begun within ${seconds} seconds.`,
      ),
    );
  }

  /** The whole request took too long. */
  #endRequest(): void {
    const exchange = this.exchange;
    if (this.state === states.Head && this.#isSilent) {
      this.#close();
      return;
    }
    tellTimeout(this, 'request');
    const refusal = exchange === null || exchange.receiving ? Refusal.timeout : Refusal.handlerTimeout;
    const error = new RequestError(
      'FAPWS_REQUEST_TIMEOUT',
      refusal.status,
      `The request was not over after ${this.protocol.timeouts.request} seconds.`,
    );
    if (this.state === states.Discarding) this.#finishWriting();
    else if (exchange?.started === true) this.#breakOff(exchange, error);
    else this.refuse(refusal, error);
  }

  // What the exchange tells.

  /** The application waits for content. */
  readOn(): void {
    // While octets are being read, what follows is seen to there.
    if (this.protocol.reading === this) return;
    // Applications may have kept the loop from turning for a while, which is not the client's time.
    this.protocol.clock.update();
    this.#resume();
    this.deadlines.set();
  }

  /** So much waits for the client that its slowness is timed from now on. */
  stalled(): void {
    this.protocol.clock.update();
    this.deadlines.stalled();
  }

  /** HOT. The answer is complete and written. */
  answered(keepAlive: boolean): void {
    this.exchange = null;
    if (this.#isOver) return;
    // The server may have begun to stop, or the client shut its side, after the head of this answer was sent.
    if (!keepAlive || this.protocol.stopping || (this.#peerEnded && this.#held === null)) {
      this.#finishWriting();
      return;
    }
    this.#enter(states.AnswerComplete);
    this.contentOctets = 0;
    this.deadlines.contentOver();
    if (this.state === states.Idle) this.deadlines.requestOver();
    // While the request is still being read, what follows is seen to there.
    if (this.protocol.reading === this) return;
    this.#lookAtHeldLater();
    this.deadlines.set();
  }

  /**
   * Answers in place of an application and ends the connection; the answers before it are written already.
   * @param reason for the application, if one is at work
   */
  refuse(refusal: Refusal, reason?: RequestError): void {
    if (this.#isOver) return;
    const { protocol, transport } = this;
    const page = protocol.answerer.refusalPage(refusal);
    tellRefused(this, refusal);
    // Who is told may have stopped the server.
    if (this.#isOver) return;
    const head = responseHeadOf(refusal.status, page.headers);
    const length = Buffer.byteLength(page.content);
    transport.write(`${head.render(protocol.clock)}Content-Length: ${length}\r\nConnection: close\r\n\r\n`);
    if (!this.#isHead) transport.write(Buffer.from(page.content));
    const { exchange } = this;
    this.exchange = null;
    this.#finishWriting();
    exchange?.cutOff(reason, refusal.status);
  }

  /** Whether what is refused is a HEAD, as far as can be told from what has arrived of it. */
  get #isHead(): boolean {
    if (this.exchange !== null) return this.exchange.head.method === 'HEAD';
    return /^(\r\n)*HEAD /.test(this.#reader.head?.text ?? '');
  }

  /** The answer in hand will not be completed; what was sent of it, and the answers before it, still reach the client. */
  endUnfinished(): void {
    if (this.#isOver) return;
    this.exchange = null;
    this.#finishWriting();
  }

  /** An answer that has begun can't be completed. */
  #breakOff(exchange: Exchange, reason: RequestError): void {
    exchange.cutOff(reason);
    this.cut(true);
  }

  /** Breaks the connection off. @param asReset whether the client must not take it for an orderly end */
  cut(asReset: boolean): void {
    if (this.state === states.Closed) return;
    if (asReset) this.transport.reset();
    else this.transport.destroy();
    this.#forget();
  }

  /** The server stops: closes the connection if no request is in hand or can be on its way. */
  closeIfIdle(): void {
    // Who has an answer and does not leave, or sends on what nobody wants, has less time from now on.
    if (this.state === states.Discarding) this.#finishWriting();
    else if (this.state === states.Lingering) this.deadlines.set();
    if (this.state !== states.Preface && (this.state !== states.Idle || this.#held !== null)) return;
    const { idleFor } = this.deadlines;
    if (idleFor >= IDLE_WHILE_STOPPING * 1000 || this.transport.backlog > 0) this.#closeGently();
    else this.deadlines.in(IDLE_WHILE_STOPPING - (Number.isNaN(idleFor) ? 0 : idleFor / 1000));
  }

  /** Closes without losing what was answered and is still on its way. */
  #closeGently(): void {
    if (this.transport.backlog > 0) this.#finishWriting();
    else this.#close();
  }

  // Reading.

  /** Whether nothing more can be answered. */
  get #isOver(): boolean {
    return this.state === states.Closed || this.state === states.Lingering;
  }

  #expect(preface: Preface): void {
    try {
      if (preface.expectedFrom(this.remote, this.transport.local)) this.#enter(states.PrefaceExpected);
    } catch (error) {
      this.#refusePreface(error);
    }
  }

  #refusePreface(error: unknown): void {
    tellRefused(this, { status: '', detail: prefaceProblem(error) });
    this.#close();
  }

  /** What comes before the first request. */
  #readPreface(arrived: Uint8Array): void {
    const { protocol } = this;
    const octets = this.#held === null ? arrived : Buffer.concat([this.#held, arrived]);
    let result: PrefaceResult | null;
    try {
      result = readPreface(protocol.preface as Preface, octets, protocol.limits.preface);
    } catch (error) {
      this.#refusePreface(error);
      return;
    }
    if (result === null) {
      this.#held = Buffer.from(octets);
      return;
    }
    this.#held = null;
    this.preface = result;
    this.#enter(states.PrefaceComplete);
    if (result.remote !== undefined) this.#speakFor(result.remote);
    if (this.#isOver || result.length >= octets.length) return;
    this.#held = Buffer.from(octets.subarray(result.length));
    this.#lookAtHeld();
  }

  #speakFor(remote: Endpoint): void {
    this.protocol.admission.leave(this.remote.address);
    this.remote = remote;
    this.#admit();
  }

  /** HOT. Reads octets at the addresses `from` up to `to`: as many requests as they hold and as can be answered. */
  #read(from: number, to: number): void {
    const { protocol } = this;
    if (protocol.reading !== null) throw new Error('impossible: octets are read while others are');
    protocol.reading = this;
    try {
      this.#readMessages(from, to);
    } finally {
      protocol.reading = null;
    }
  }

  /** HOT. */
  #readMessages(from: number, to: number): void {
    const { parser } = this.protocol;
    const reader = this.#reader;
    let at = from;
    reader.resume(parser);
    while (at < to) {
      this.#enter(states.Octets);
      const outcome = reader.read(parser, at, to);
      if (outcome === reading.MessageEnded) this.#endMessage();
      if (this.#isOver) return;
      at = reader.position;
      if (outcome === reading.MessageEnded) {
        if (at === to) return;
        if (this.#mustWait()) {
          this.#hold(parser.memory.subarray(at, to));
          return;
        }
        reader.resume(parser);
      } else if (outcome !== reading.MoreWanted) {
        this.#refuseUnreadable(reader.problem as reading.Problem, outcome);
        return;
      }
    }
    this.#suspend();
  }

  /** A message goes on in the next read. */
  #suspend(): void {
    this.#reader.suspend(this.protocol.parser);
    if (this.state !== states.Head) {
      // Content that nobody takes stops the reading; one read's worth waits.
      if (this.exchange !== null && this.exchange.unread > 0) this.#pause();
      else this.#resume();
      this.deadlines.set();
    } else if (!this.#headTimed) {
      this.#headTimed = true;
      this.deadlines.requestBegins();
      this.deadlines.set();
    }
  }

  /** HOT. MessageSink. */
  beginMessage(head: RequestHead): boolean {
    const { protocol } = this;
    this.contentOctets = 0;
    this.#headTimed = false;
    this.requests += 1;
    this.#enter(states.HeadComplete);
    const exchange = new Exchange(this, head, protocol.limits.content, protocol.timeouts.handler);
    this.exchange = exchange;
    this.deadlines.requestBegun();
    protocol.answerer.answer(exchange);
    return !this.#isOver;
  }

  /** MessageSink. */
  takeContent(memory: Buffer, start: number, end: number): boolean {
    const exchange = this.exchange;
    this.contentOctets += end - start;
    if (exchange === null) {
      if (this.contentOctets <= this.protocol.limits.discard) return true;
      this.#finishWriting();
      return false;
    }
    if (!exchange.receive(memory, start, end)) {
      this.#failContent(
        'FAPWS_CONTENT_TOO_LARGE',
        Refusal.contentTooLarge,
        `The content is larger than the ${exchange.contentLimit} octets that are allowed.`,
      );
    }
    // Whoever waited for content may have given the last answer.
    return !this.#isOver;
  }

  /** HOT. */
  #endMessage(): void {
    if (this.#isOver) return;
    this.#enter(states.MessageComplete);
    this.contentOctets = 0;
    this.deadlines.contentOver();
    const exchange = this.exchange;
    // From now on reading tells whether the client leaves.
    this.#resume();
    if (exchange === null) this.deadlines.requestOver();
    this.deadlines.set();
    exchange?.endContent();
  }

  #refuseUnreadable({ refusal, code, message }: reading.Problem, outcome: number): void {
    if (outcome === reading.HeadRefused) this.refuse(refusal);
    else this.#failContent(code, refusal, message);
  }

  /** The content can't be read to its end. Tells the application, and the client if that has no answer yet. */
  #failContent(code: RequestErrorCode, refusal: Refusal, message: string): void {
    const exchange = this.exchange;
    const error = new RequestError(code, refusal.status, message);
    exchange?.failContent(error);
    if (this.#isOver) return;
    // The answer is out; nothing behind broken framing can be trusted.
    if (exchange === null || exchange.complete) this.#finishWriting();
    else if (exchange.started) this.#breakOff(exchange, error);
    else this.refuse(refusal, error);
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
      if (this.#isOver) return;
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
    if (this.#peerEnded && this.exchange === null) this.end();
    else if (this.state !== states.Content) this.#resume();
  }

  #pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.deadlines.paused();
    this.transport.pause();
  }

  #resume(): void {
    if (!this.#paused || this.#held !== null || this.state === states.Closed) return;
    this.#paused = false;
    this.deadlines.resumed();
    this.transport.resume();
  }

  // Ending.

  /** What comes behind the last answer is thrown away, within bounds. */
  #throwAway(length: number): void {
    this.contentOctets += length;
    if (this.contentOctets > this.protocol.limits.linger) this.#close();
  }

  /** The last octet is written: shut our side, and wait for the client to read it and to leave (RFC 9112 9.6). */
  #finishWriting(): void {
    this.#enter(states.LastAnswer);
    this.contentOctets = 0;
    this.#held = null;
    this.deadlines.requestOver();
    this.transport.end();
    this.#resume();
    this.deadlines.set();
  }

  #close(): void {
    this.transport.destroy();
    this.#forget();
  }

  #forget(): void {
    if (this.state === states.Closed) return;
    this.#enter(states.Gone);
    const { protocol } = this;
    protocol.forget(this);
    protocol.wheel.remove(this.deadlines);
    if (this.#refused) protocol.admission.forgetRefused();
    else protocol.admission.leave(this.remote.address);
    const exchange = this.exchange;
    this.exchange = null;
    this.#held = null;
    this.#reader.forget();
    exchange?.cutOff();
  }

  #enter(event: number): void {
    this.state = states.nextState(this.state, event);
  }
}
