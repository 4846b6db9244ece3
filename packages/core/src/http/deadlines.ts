// How long a connection waits: one deadline at a time, by the state of the connection, on the wheel of the protocol. What comes
// of a deadline that passes is in giving-up.ts.

import type { Connection } from './connection.ts';
import { endLate } from './giving-up.ts';
import * as states from './states.ts';
import type { Timed } from './timer-wheel.ts';

/** Seconds that a client gets to leave after its last answer when the whole server wants to stop. */
const LINGER_WHILE_STOPPING = 1;

/** Seconds without a request after which a stop closes a connection: one that was just in use may have a request on its way. */
const IDLE_WHILE_STOPPING = 1;

const Never = Number.POSITIVE_INFINITY;

/** What took too long: a bound's name. */
export type Awaited = 'head' | 'content' | 'idle' | 'write' | 'linger' | 'handler' | 'request';

export class Deadlines implements Timed {
  readonly #connection: Connection;
  /** Whether the time for the client to take something of the backlog runs. */
  #stalled = false;
  /** The transport's backlog when it began, and when it is over. */
  #backlogSeen = 0;
  #stallDue = 0;
  /** When the content began to be waited for, put off by the time in which nobody read; Never before that. */
  #contentSince: number = Never;
  #pausedSince = 0;
  /** When the request in hand, or on its way, must be over. */
  #requestDue: number = Never;
  // The wheel's.
  deadline: number = Never;
  wheelPrevious: Timed | null = null;
  wheelNext: Timed | null = null;
  wheelTick = -1;

  constructor(connection: Connection) {
    this.#connection = connection;
    // A client that connects and says nothing has as long for it as for a whole head.
    this.in(connection.protocol.timeouts.head);
  }

  /** HOT. Sets the deadline that goes with the state; a client that takes nothing has that of a write in any state. */
  set(): void {
    const { state, protocol } = this.#connection;
    const { timeouts } = protocol;
    if (this.#stalled) {
      // What has just passed may have been the deadline of the request.
      this.in((this.#stallDue - protocol.clock.now) / 1000);
      return;
    }
    switch (state) {
      case states.Idle:
        this.in(timeouts.idle);
        break;
      case states.Head:
        this.in(timeouts.head);
        break;
      case states.Content:
        if (this.#connection.waitsForApplication) this.#setForAnswer();
        else this.#setForContent();
        break;
      case states.Answering:
        this.#setForAnswer();
        break;
      case states.Discarding:
        this.#setForContent();
        break;
      case states.Lingering:
        this.in(protocol.stopping ? Math.min(timeouts.linger, LINGER_WHILE_STOPPING) : timeouts.linger);
        break;
    }
  }

  /** HOT. */
  #setForAnswer(): void {
    const { exchange } = this.#connection;
    this.in(exchange === null || exchange.started ? Never : exchange.handlerTimeout);
  }

  /** The next octets must come soon, and all of them together at a certain rate. */
  #setForContent(): void {
    const { contentOctets, protocol } = this.#connection;
    const { clock, limits, timeouts } = protocol;
    if (this.#contentSince === Never) this.#contentSince = clock.now;
    const earned = limits.contentRate === 0 ? Never : contentOctets / limits.contentRate;
    const used = (clock.now - this.#contentSince) / 1000;
    this.in(Math.min(timeouts.content, timeouts.content + earned - used));
  }

  /** HOT. */
  in(seconds: number): void {
    const { clock, wheel } = this.#connection.protocol;
    const deadline = Math.min(clock.now + seconds * 1000, this.#requestDue);
    // Never is only noted, so that the wheel need not move.
    if (deadline === Never) this.deadline = Never;
    else wheel.set(this, deadline);
  }

  /** HOT. A request is in hand: while it is answered there is nothing to wait for. */
  requestBegun(): void {
    this.requestBegins();
    // Only noted, so that the wheel need not move; what the request may take is seen to when the read is over.
    if (!this.#stalled) this.deadline = Never;
  }

  /** A request, or the first part of one, has arrived. */
  requestBegins(): void {
    const { clock, timeouts } = this.#connection.protocol;
    if (this.#requestDue === Never) this.#requestDue = clock.now + timeouts.request * 1000;
  }

  /** HOT. The request is answered, and all its content has come. */
  requestOver(): void {
    this.#requestDue = Never;
  }

  /** HOT. The content is complete, or it is not for anybody any more: what still comes is counted anew. */
  contentOver(): void {
    this.#contentSince = Never;
  }

  /** Nobody reads: that is not the client's slowness. */
  paused(): void {
    this.#pausedSince = this.#connection.protocol.clock.now;
  }

  resumed(): void {
    // Never stays Never.
    this.#contentSince += this.#connection.protocol.clock.now - this.#pausedSince;
  }

  /** So much waits for the client that its slowness is timed from now on. */
  stalled(): void {
    this.#stalled = true;
    const { protocol, transport } = this.#connection;
    this.#backlogSeen = transport.backlog;
    this.#stallDue = protocol.clock.now + protocol.timeouts.write * 1000;
    this.in(protocol.timeouts.write);
  }

  /** The client has taken all. */
  drained(): void {
    this.#stalled = false;
    this.set();
  }

  /**
   * The server stops: without a request a connection has only so much time left, which is set.
   * @returns whether that is over
   */
  endIdling(): boolean {
    const { protocol, requests } = this.#connection;
    const limit = requests === 0 ? protocol.timeouts.head : protocol.timeouts.idle;
    const since = this.deadline - limit * 1000;
    // Unknown where the limit is Infinity.
    const left = IDLE_WHILE_STOPPING - (Number.isNaN(since) ? 0 : (protocol.clock.now - since) / 1000);
    if (left > 0) this.in(left);
    return left <= 0;
  }

  /** Timed: the deadline has passed. */
  expire(): void {
    const connection = this.#connection;
    const { now } = connection.protocol.clock;
    if (now >= this.#requestDue) {
      endLate(connection, 'request');
      return;
    }
    const { backlog } = connection.transport;
    if (backlog > 0) {
      // A slow client is not a dead one as long as it takes something.
      if (!this.#stalled || backlog < this.#backlogSeen) this.stalled();
      // The deadline was that of a request which is answered now.
      else if (now < this.#stallDue) this.in((this.#stallDue - now) / 1000);
      else endLate(connection, 'write');
      return;
    }
    const awaited = this.#awaited;
    if (this.#stalled) this.drained();
    else if (awaited === null) this.set();
    else endLate(connection, awaited);
  }

  /** What the deadline is for; null when it has come about: nobody says that an answer begins. */
  get #awaited(): Awaited | null {
    const { exchange, state, waitsForApplication } = this.#connection;
    switch (state) {
      case states.Preface:
      case states.Head:
        return 'head';
      case states.Content:
        if (!waitsForApplication) return 'content';
        break;
      case states.Answering:
        break;
      case states.Discarding:
        return 'content';
      case states.Lingering:
        return 'linger';
      default:
        return 'idle';
    }
    return exchange?.started === true ? null : 'handler';
  }
}
