// One connection: octets in, effects on its transport out. No sockets, no clock but the one handed in.
// states.ts has the states and transitions; everything here keeps to that table. message-reader.ts finds the requests in the
// octets, preface.ts what may come before them, intake.ts holds back what has to wait, giving-up.ts ends what comes to nothing.

import { Buffer } from 'node:buffer';
import type { Endpoint, Receiver, Transport } from '../loop/types.ts';
import { Deadlines } from './deadlines.ts';
import type { RequestError } from './errors.ts';
import { tellRefused } from './events.ts';
import { Exchange } from './exchange.ts';
import { clientLeaves, failContent } from './giving-up.ts';
import { Intake } from './intake.ts';
import * as reading from './message-reader.ts';
import { expectPreface, type PrefaceResult, takePreface } from './preface.ts';
import type { Protocol } from './protocol.ts';
import { Refusal } from './refusal.ts';
import type { RequestHead } from './request-head.ts';
import { responseHeadOf } from './response-head.ts';
import * as states from './states.ts';

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
  readonly reader: reading.MessageReader;
  readonly intake: Intake;
  readonly deadlines: Deadlines;
  /** Whether the client has shut its side. */
  peerEnded = false;
  /** Whether the time for the head that is being read runs. */
  #headTimed = false;
  /** Whether this connection was one too many. */
  #refused = false;

  constructor(protocol: Protocol, transport: Transport) {
    this.protocol = protocol;
    this.transport = transport;
    this.reader = new reading.MessageReader(protocol.limits, this);
    this.intake = new Intake(this);
    this.remote = transport.remote;
    protocol.connections.add(this);
    protocol.clock.update();
    this.deadlines = new Deadlines(this);
    this.#admit();
    if (this.state === states.Idle && protocol.preface !== null) expectPreface(this, protocol.preface);
  }

  /** Whether the answer in hand is the last one of this connection. */
  get isLast(): boolean {
    const { protocol } = this;
    return (
      protocol.stopping || !protocol.persistent || this.peerEnded || this.requests >= protocol.limits.requests
    );
  }

  /** Whether content is to come that nobody has asked for yet. */
  get waitsForApplication(): boolean {
    const { exchange } = this;
    // An answer that has begun takes the place of 100 Continue (RFC 9110 10.1.1).
    return this.intake.paused || (exchange?.awaitsInvitation === true && !exchange.started);
  }

  /** Where the client connected to, as it sees it. */
  get local(): Endpoint {
    return this.preface?.local ?? this.transport.local;
  }

  /** For events: what is known of the request in hand, or on its way. */
  known(): { readonly method: string | undefined; readonly target: string | undefined } {
    const head = this.exchange?.head;
    if (head !== undefined) return { method: head.method, target: head.target };
    return this.reader.known();
  }

  #admit(): void {
    const { admission, connections } = this.protocol;
    if (admission.enter(this.remote.address, connections.size)) return;
    this.#refused = true;
    if (admission.refuse()) this.refuse(Refusal.tooManyConnections);
    else this.closeNow();
  }

  /** The client is not the peer, but the one that the peer has named. */
  speakFor(remote: Endpoint): void {
    this.protocol.admission.leave(this.remote.address);
    this.remote = remote;
    this.#admit();
  }

  // What the loop tells.

  /** HOT. */
  data(length: number): void {
    const { clock, parser } = this.protocol;
    clock.update();
    if (this.state === states.Lingering) this.#throwAway(length);
    else if (this.state === states.Preface) takePreface(this, parser.input.subarray(0, length));
    else if (this.intake.mustWait) this.intake.hold(parser.input.subarray(0, length));
    else if (this.state !== states.Closed) this.read(parser.inputAddress, parser.inputAddress + length);
  }

  drain(): void {
    this.protocol.clock.update();
    if (this.state === states.Closed) return;
    this.deadlines.drained();
    this.exchange?.drained();
    // In the other states it is not the client's slowness that has stopped the reading.
    if (this.state === states.Idle) this.intake.lookLater();
  }

  end(): void {
    this.peerEnded = true;
    switch (this.state) {
      case states.Preface:
        this.closeNow();
        break;
      case states.Idle:
      case states.Head:
      case states.Discarding:
        if (this.intake.holds) break;
        clientLeaves(this);
        this.#closeGently();
        break;
      case states.Content:
      // RFC 9112 8: an incomplete request is not answered as if it were whole.
      case states.Answering:
        // The client may only have shut its side (RFC 9112 9.6), so it still gets its answer; most have left for good.
        if (clientLeaves(this)) this.exchange?.clientLeft();
        break;
      // While lingering the loop closes by itself when our last octet is out.
    }
  }

  close(_error: Error | null): void {
    clientLeaves(this);
    this.#forget();
  }

  // What the exchange tells.

  /** The application waits for content. */
  readOn(): void {
    // While octets are being read, what follows is seen to there.
    if (this.protocol.reading === this) return;
    // Applications may have kept the loop from turning for a while, which is not the client's time.
    this.protocol.clock.update();
    this.intake.resume();
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
    if (this.isOver) return;
    // The server may have begun to stop, or the client shut its side, after the head of this answer was sent.
    if (!keepAlive || this.protocol.stopping || (this.peerEnded && !this.intake.holds)) {
      this.finishWriting();
      return;
    }
    this.enter(states.AnswerComplete);
    this.contentOctets = 0;
    this.deadlines.contentOver();
    if (this.state === states.Idle) this.deadlines.requestOver();
    // While the request is still being read, what follows is seen to there.
    if (this.protocol.reading === this) return;
    this.intake.lookLater();
    this.deadlines.set();
  }

  /**
   * Answers in place of an application and ends the connection; the answers before it are written already.
   * @param reason for the application, if one is at work
   */
  refuse(refusal: Refusal, reason?: RequestError): void {
    if (this.isOver) return;
    const { protocol, transport } = this;
    const page = protocol.answerer.refusalPage(refusal);
    const content = Buffer.from(page.content);
    // As far as can be told from what has arrived of the request.
    const isHead = this.exchange === null ? this.reader.isHead : this.exchange.head.method === 'HEAD';
    const octets = isHead ? 0 : content.length;
    tellRefused(this, refusal, octets);
    // Who is told may have stopped the server.
    if (this.isOver) return;
    const head = responseHeadOf(refusal.status, page.headers);
    const framing = `Content-Length: ${content.length}\r\nConnection: close\r\n\r\n`;
    transport.write(head.render(protocol.clock) + framing);
    if (!isHead) transport.write(content);
    const { exchange } = this;
    this.exchange = null;
    this.finishWriting();
    exchange?.cutOff(reason, refusal.status, octets);
  }

  /** The answer in hand will not be completed; what was sent of it, and the answers before it, still reach the client. */
  endUnfinished(): void {
    if (this.isOver) return;
    this.exchange = null;
    this.finishWriting();
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
    if (this.state === states.Discarding) this.finishWriting();
    else if (this.state === states.Lingering) this.deadlines.set();
    if (this.state !== states.Preface && (this.state !== states.Idle || this.intake.holds)) return;
    if (this.transport.backlog > 0 || this.deadlines.endIdling()) this.#closeGently();
  }

  /** Closes without losing what was answered and is still on its way. */
  #closeGently(): void {
    if (this.transport.backlog > 0) this.finishWriting();
    else this.closeNow();
  }

  // Reading.

  /** Whether nothing more can be answered. */
  get isOver(): boolean {
    return this.state === states.Closed || this.state === states.Lingering;
  }

  /** HOT. Reads octets at the addresses `from` up to `to`: as many requests as they hold and as can be answered. */
  read(from: number, to: number): void {
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
    const { reader, intake } = this;
    let at = from;
    reader.resume(parser);
    while (at < to) {
      this.enter(states.Octets);
      const outcome = reader.read(parser, at, to);
      if (outcome === reading.MessageEnded) this.#endMessage();
      if (this.isOver) return;
      at = reader.position;
      if (outcome === reading.MessageEnded) {
        if (at === to) return;
        if (intake.mustWait) {
          intake.hold(parser.memory.subarray(at, to));
          return;
        }
        reader.resume(parser);
      } else if (outcome !== reading.MoreWanted) {
        const { refusal, code, message } = reader.problem as reading.Problem;
        if (outcome === reading.HeadRefused) this.refuse(refusal);
        else failContent(this, code, refusal, message);
        return;
      }
    }
    this.#suspend();
  }

  /** A message goes on in the next read. */
  #suspend(): void {
    this.reader.suspend(this.protocol.parser);
    if (this.state !== states.Head) {
      // Content that nobody takes stops the reading; one read's worth waits.
      if (this.exchange !== null && this.exchange.unread > 0) this.intake.pause();
      else this.intake.resume();
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
    this.enter(states.HeadComplete);
    const exchange = new Exchange(this, head, protocol.limits.content, protocol.timeouts.handler);
    this.exchange = exchange;
    this.deadlines.requestBegun();
    protocol.answerer.answer(exchange);
    return !this.isOver;
  }

  /** MessageSink. */
  takeContent(memory: Buffer, start: number, end: number): boolean {
    const exchange = this.exchange;
    this.contentOctets += end - start;
    if (exchange === null) {
      if (this.contentOctets <= this.protocol.limits.discard) return true;
      this.finishWriting();
      return false;
    }
    if (!exchange.receive(memory, start, end)) {
      failContent(
        this,
        'FAPWS_CONTENT_TOO_LARGE',
        Refusal.contentTooLarge,
        `The content is larger than the ${exchange.contentLimit} octets that are allowed.`,
      );
    }
    // Whoever waited for content may have given the last answer.
    return !this.isOver;
  }

  /** HOT. */
  #endMessage(): void {
    if (this.isOver) return;
    this.enter(states.MessageComplete);
    this.contentOctets = 0;
    this.deadlines.contentOver();
    const exchange = this.exchange;
    // From now on reading tells whether the client leaves.
    this.intake.resume();
    if (exchange === null) this.deadlines.requestOver();
    this.deadlines.set();
    exchange?.endContent();
  }

  // Ending.

  /** What comes behind the last answer is thrown away, within bounds. */
  #throwAway(length: number): void {
    this.contentOctets += length;
    if (this.contentOctets > this.protocol.limits.linger) this.closeNow();
  }

  /** The last octet is written: shut our side, and wait for the client to read it and to leave (RFC 9112 9.6). */
  finishWriting(): void {
    this.enter(states.LastAnswer);
    this.contentOctets = 0;
    this.intake.forget();
    this.deadlines.requestOver();
    this.transport.end();
    this.intake.resume();
    this.deadlines.set();
  }

  closeNow(): void {
    this.transport.destroy();
    this.#forget();
  }

  #forget(): void {
    if (this.state === states.Closed) return;
    this.enter(states.Gone);
    const { exchange, protocol } = this;
    protocol.forget(this);
    protocol.wheel.remove(this.deadlines);
    if (this.#refused) protocol.admission.forgetRefused();
    else protocol.admission.leave(this.remote.address);
    this.exchange = null;
    this.intake.forget();
    this.reader.forget();
    exchange?.cutOff();
  }

  enter(event: number): void {
    this.state = states.nextState(this.state, event);
  }
}
