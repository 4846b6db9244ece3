// What all connections of one server share: the parser, the bounds, the clock, and who answers requests.

import type { Receiver, Transport } from '../loop/types.ts';
import type { Parser } from '../parser/parser.ts';
import { Admission } from './admission.ts';
import { Clock } from './clock.ts';
import { Connection } from './connection.ts';
import type { Exchange } from './exchange.ts';
import type { Limits, Timeouts } from './limits.ts';
import type { Preface } from './preface.ts';
import type { Refusal } from './refusal.ts';
import type { Header } from './response-head.ts';
import { TimerWheel } from './timer-wheel.ts';

/** How often the wheel turns, in milliseconds: the precision of every timeout. */
export const WHEEL_TICK = 500;

/** A refusal as it is sent. */
export interface RefusalPage {
  readonly headers: readonly Header[];
  readonly content: string;
}

/** The server above the protocol. */
export interface Answerer {
  /** Called when the head of a request is complete. Must not throw; must see to it that the exchange gets its answer. */
  answer(exchange: Exchange): void;
  /** The page for a request that no application sees. */
  refusalPage(refusal: Refusal): RefusalPage;
}

export interface ProtocolOptions {
  readonly parser: Parser;
  readonly limits: Limits;
  readonly timeouts: Timeouts;
  readonly answerer: Answerer;
  /** Names this server in the `Server` field; empty for none. */
  readonly ident: string;
  /** Runs a task when the present turn's work is done; the loop's `afterTurn`. */
  readonly afterTurn: (task: () => void) => void;
  /** Whose protocol it is; for events. */
  readonly server?: object | undefined;
  /** Reads what comes before the first request of a connection. */
  readonly preface?: Preface | undefined;
  /** Milliseconds since the epoch, in place of the clocks of the system. */
  readonly now?: (() => number) | undefined;
}

export class Protocol {
  readonly parser: Parser;
  readonly limits: Limits;
  readonly timeouts: Timeouts;
  readonly answerer: Answerer;
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly admission: Admission;
  readonly server: object | null;
  readonly preface: Preface | null;
  readonly afterTurn: (task: () => void) => void;
  /** All open connections. */
  readonly connections: Set<Connection> = new Set();
  /** Set when the server stops: every answer is then the last of its connection. */
  stopping = false;
  /** Whether a connection may have more than one request. */
  persistent = true;
  /** Whose octets are being read: the parser and its input buffer belong to one connection at a time. */
  reading: Connection | null = null;
  #allGone: (() => void) | null = null;
  #stopController: AbortController | null = null;

  constructor(options: ProtocolOptions) {
    this.parser = options.parser;
    this.limits = options.limits;
    this.timeouts = options.timeouts;
    this.answerer = options.answerer;
    this.clock = new Clock(options.ident === '' ? '' : `Server: ${options.ident}\r\n`, options.now);
    this.wheel = new TimerWheel(WHEEL_TICK, this.clock.now);
    this.admission = new Admission(options.limits);
    this.server = options.server ?? null;
    this.preface = options.preface ?? null;
    this.afterTurn = options.afterTurn;
  }

  /** A connection begins. */
  open(transport: Transport): Receiver {
    return new Connection(this, transport);
  }

  /** Expires what is due; to be called every WHEEL_TICK. */
  turn(): void {
    this.clock.synchronise();
    this.wheel.turn(this.clock.now);
  }

  /** From now on every answer is the last one of its connection; those who stream without end are told to come to one. */
  beginStop(): void {
    this.stopping = true;
    this.#stopController?.abort();
  }

  /** Aborted when the server begins to stop. */
  get stoppingSignal(): AbortSignal {
    this.#stopController ??= new AbortController();
    if (this.stopping) this.#stopController.abort();
    return this.#stopController.signal;
  }

  /**
   * Ends all connections: those that were idle for a while at once, the others with their answer or when no request has
   * come for a second, what is left after `graceMs` by cutting it.
   * @returns how many requests were cut
   */
  async finish(graceMs: number): Promise<number> {
    this.beginStop();
    this.clock.update();
    for (const connection of [...this.connections]) connection.closeIfIdle();
    if (graceMs > 0 && this.connections.size !== 0) {
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>(resolve => {
        this.#allGone = resolve;
        timer = setTimeout(resolve, graceMs);
      });
      clearTimeout(timer);
    }
    return this.cutAll();
  }

  /** Cuts all connections. @returns how many requests were cut */
  cutAll(): number {
    let cut = 0;
    for (const connection of [...this.connections]) {
      const busy = connection.exchange !== null;
      if (busy) cut += 1;
      connection.cut(busy);
    }
    return cut;
  }

  /** A connection has ended. */
  forget(connection: Connection): void {
    this.connections.delete(connection);
    if (this.connections.size === 0) this.#allGone?.();
  }
}
