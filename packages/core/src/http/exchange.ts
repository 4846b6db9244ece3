// One request and its answer: what the base sees of HTTP. It frames the answer; the connection moves it.

import { Buffer } from 'node:buffer';
import type { Connection } from './connection.ts';
import { answered, ContractError, clientGone, notStarted, type RequestError } from './errors.ts';
import type { Outcome } from './events.ts';
import { lengthLine, mayGoOn, tooLong, tooShort, writePiece } from './framing.ts';
import type { Refusal } from './refusal.ts';
import { RequestBody } from './request-body.ts';
import { NoContent, type RequestHead } from './request-head.ts';
import { type Header, type ResponseHead, responseHeadOf } from './response-head.ts';

/** Octets of an answer: a string goes out as UTF-8. */
export type Chunk = string | Uint8Array;

/** How far the answer is. */
const Unsent = 0;
const Sending = 1;
const Complete = 2;

const unknownLength = -1;

export class Exchange {
  /** @internal */
  readonly connection: Connection;
  readonly head: RequestHead;
  /** Octets of content that this request may have; beyond it 413. */
  contentLimit: number;
  /** Seconds that the application has to begin its answer; then 503. */
  handlerTimeout: number;
  #progress = Unsent;
  #responseHead: ResponseHead | null = null;
  /** The application's Content-Length, or unknownLength. */
  #declaredLength = unknownLength;
  /** Whether the answer's content goes out in chunks (RFC 9112 7.1). */
  #chunked = false;
  /** Whether what is sent as content is dropped: HEAD, 204, 304. */
  #contentless = false;
  #keepAlive = true;
  /** A first piece of content that was given and is kept back; see `keep`. */
  #kept: Chunk | null = null;
  /** Octets of content sent. */
  #sent = 0;
  /** null for a request without content, as long as nobody asks for it. */
  #body: RequestBody | null;
  #continued = false;
  #gone = false;
  /** Why the answer can't be completed; it is for `signal`, which may be asked for afterwards. */
  #goneBecause: RequestError | null = null;
  #abort: AbortController | null = null;
  #writableTasks: (() => void)[] | null = null;
  #endTasks: (() => void)[] | null = null;
  /** Whether the head was sent. */
  #begun = false;
  /** Whether all of the answer was sent. */
  #whole = false;
  /** Status of the answer that the server gave in place of the application. */
  #refusedWith = '';

  /** @internal */
  constructor(connection: Connection, head: RequestHead, contentLimit: number, handlerTimeout: number) {
    this.connection = connection;
    this.head = head;
    this.contentLimit = contentLimit;
    this.handlerTimeout = handlerTimeout;
    this.#body = head.framing === NoContent ? null : new RequestBody(this);
  }

  // The request.

  /** The content of the request. */
  get body(): RequestBody {
    if (this.#body === null) {
      this.#body = new RequestBody(this);
      this.#body.end();
    }
    return this.#body;
  }

  /** Aborted when the client goes away, or a timeout strikes, before the answer is complete. */
  get signal(): AbortSignal {
    if (this.#abort === null) {
      this.#abort = new AbortController();
      if (this.#goneBecause !== null) this.#abort.abort(this.#goneBecause);
    }
    return this.#abort.signal;
  }

  /** Whether the client has left (or shut its side) before the answer was complete. */
  get gone(): boolean {
    return this.#gone;
  }

  /** Whether content is still to come. */
  get receiving(): boolean {
    return this.#body !== null && !this.#body.ended;
  }

  /** Whether the client waits for 100 Continue before it sends content. */
  get awaitsInvitation(): boolean {
    return this.head.expectsContinue && !this.#continued && (this.#body?.received ?? 0) === 0;
  }

  /** @internal ContentSource: somebody waits for content. */
  contentWanted(): void {
    if (this.#gone) return;
    if (this.awaitsInvitation && this.#progress === Unsent) {
      this.#continued = true;
      this.connection.transport.write('HTTP/1.1 100 Continue\r\n\r\n');
    }
    this.connection.readOn();
  }

  // What the connection tells.

  /**
   * Octets of content have arrived: those of `memory` between two places, valid only during the call.
   * @returns false when they are more than the request may have
   * @internal
   */
  receive(memory: Buffer, from: number, to: number): boolean {
    return this.#progress === Complete || this.body.receive(memory, from, to, this.contentLimit);
  }

  /** Octets that arrived and wait to be read. */
  get unread(): number {
    return this.#body?.waiting ?? 0;
  }

  /** @internal */
  endContent(): void {
    this.#body?.end();
  }

  /** @internal */
  failContent(error: RequestError): void {
    if (this.#progress !== Complete) this.#body?.fail(error);
  }

  /** @internal The client is gone, or has said that it sends nothing more before its request was complete. */
  clientLeft(): void {
    if (this.#gone) return;
    this.#gone = true;
    if (this.#progress !== Complete) this.#tellGone(clientGone());
  }

  /**
   * Nothing of the answer can be sent any more.
   * @param reason why, if it is not that the client is gone
   * @param status of the server's own answer, and the octets of its content
   * @internal
   */
  cutOff(reason: RequestError = clientGone(), status = '', octets: number = this.#sent): void {
    if (this.#progress !== Complete) {
      this.#refusedWith = status;
      this.#sent = octets;
    }
    const unaware = !this.#gone && this.#progress !== Complete;
    this.#gone = true;
    // First of all: who is told now must not be able to answer behind a refusal.
    this.#progress = Complete;
    if (unaware) this.#tellGone(reason);
    this.#runEndTasks();
  }

  #tellGone(reason: RequestError): void {
    this.#goneBecause = reason;
    this.#body?.fail(reason);
    this.#abort?.abort(reason);
  }

  /** @internal The client has taken what was sent. */
  drained(): void {
    const tasks = this.#writableTasks;
    this.#writableTasks = null;
    run(tasks);
  }

  #runEndTasks(): void {
    this.drained();
    const tasks = this.#endTasks;
    this.#endTasks = null;
    run(tasks);
  }

  // The answer.

  /** Whether the head of the answer is out, or as good as that because a first piece of content was given. */
  get started(): boolean {
    return this.#progress !== Unsent || this.#kept !== null;
  }

  get complete(): boolean {
    return this.#progress === Complete;
  }

  /** Octets that the application's Content-Length leaves; Infinity if there is none. */
  get room(): number {
    const declared = this.#declaredLength;
    return declared === unknownLength ? Number.POSITIVE_INFINITY : declared - this.#sent;
  }

  /** What became of the answer; for use when `whenOver` calls. */
  get outcome(): Outcome {
    const head = this.#responseHead;
    const sent = head !== null && this.#refusedWith === '' && (this.#whole || this.#begun);
    return {
      status: sent ? head.status.line.slice(9, -2) : this.#refusedWith,
      headers: sent ? head.fields : [],
      octets: this.#contentless ? 0 : this.#sent,
      complete: this.#whole,
      error: this.#whole ? null : this.#goneBecause,
    };
  }

  /**
   * Keeps the first piece of content back until the next one is sent: if it stays the only one, the answer's length is
   * known. From now on the head cannot change.
   * @throws {ContractError} FAPWS_NOT_STARTED
   */
  keep(content: Chunk): void {
    if (this.#responseHead === null) throw notStarted();
    this.#kept = content;
  }

  /** Gives back what was kept, as if it had never been given. */
  takeKept(): Chunk | null {
    const kept = this.#kept;
    this.#kept = null;
    return kept;
  }

  /** Calls `task` once, when the client has taken what was sent or the answer is over. For use after `send` answered false. */
  whenWritable(task: () => void): void {
    if (this.#progress === Complete) task();
    else if (this.#writableTasks === null) this.#writableTasks = [task];
    else this.#writableTasks.push(task);
  }

  /** Calls `task` once, when the answer is over: complete, cut, or without a client. */
  whenOver(task: () => void): void {
    if (this.#progress === Complete) task();
    else if (this.#endTasks === null) this.#endTasks = [task];
    else this.#endTasks.push(task);
  }

  /**
   * HOT. Sets status and fields; they are sent with the first octets of content. May be called again until then.
   * @throws {ContractError} when something in them can't be sent, or when they are out already
   */
  setHead(status: string, headers: readonly Header[]): void {
    if (this.started && !this.#gone) {
      throw new ContractError('FAPWS_ANSWERED', 'The head of this answer has been sent and cannot change.');
    }
    this.#responseHead = responseHeadOf(status, headers);
    this.#declaredLength = this.#responseHead.contentLength;
  }

  /**
   * HOT. Sends the whole answer: the head that was set, and `content`. Nothing is sent of one that is too short.
   * @throws {ContractError} FAPWS_NOT_STARTED, FAPWS_ANSWERED, FAPWS_CONTENT_LENGTH
   */
  respond(content: Chunk): void {
    if (this.#progress === Complete && this.#gone) return;
    const length = typeof content === 'string' ? Buffer.byteLength(content) : content.length;
    // One code unit of a string is one octet only in ASCII.
    const octets = typeof content === 'string' && length !== content.length ? Buffer.from(content) : content;
    this.#requireLength(length);
    const head = this.#begin(length);
    if (this.#isTooLong(length)) this.#overrun(head, Buffer.from(octets as string));
    this.#sent = length;
    if (!this.connection.transport.writeWhole(head, this.#contentless ? '' : octets))
      this.connection.stalled();
    this.finish();
  }

  /**
   * Sends a piece of content, after the head if that is not out yet. An empty piece sends nothing.
   * @returns false when the client is slow: see `whenWritable`
   * @throws {ContractError} FAPWS_NOT_STARTED, FAPWS_ANSWERED, FAPWS_CONTENT_LENGTH
   */
  send(content: Chunk): boolean {
    if (this.#progress === Complete) {
      if (this.#gone) return true;
      throw new ContractError('FAPWS_ANSWERED', 'The answer is complete; nothing can be added to it.');
    }
    const length = typeof content === 'string' ? Buffer.byteLength(content) : content.length;
    if (length === 0) return true;
    const kept = this.takeKept();
    if (kept !== null) this.send(kept);
    const { transport } = this.connection;
    const head = this.#progress === Unsent ? this.#begin(unknownLength) : '';
    if (this.#isTooLong(length))
      this.#overrun(head, typeof content === 'string' ? Buffer.from(content) : content);
    this.#sent += length;
    if (this.#contentless) return head === '' || transport.write(head);
    const writable = writePiece(transport, head, content, length, this.#chunked);
    if (!writable) this.connection.stalled();
    return writable;
  }

  /** Ends the answer. If it was shorter than it said, the connection is cut, so that nobody takes it for whole. */
  finish(): void {
    if (this.#progress === Complete) return;
    if (this.#progress === Unsent) {
      this.connection.transport.write(this.#begin(0));
    }
    const declared = this.#declaredLength;
    if (!this.#contentless && declared > this.#sent) {
      this.cut();
      throw tooShort(this.#sent, declared, ' The connection was cut.');
    }
    if (this.#chunked && !this.#contentless) this.connection.transport.write('0\r\n\r\n');
    this.#progress = Complete;
    this.#whole = true;
    if (this.receiving) this.#body?.fail(answered());
    this.connection.answered(this.#keepAlive);
    if (this.#endTasks !== null || this.#writableTasks !== null) this.#runEndTasks();
  }

  /** Breaks the answer off in a way that the client can tell from its end; with `unsent`, nothing was sent and any end tells. */
  cut(unsent = false): void {
    if (this.#progress === Complete) return;
    this.#progress = Complete;
    if (this.receiving) this.#body?.fail(answered());
    // Missing octets or chunks show the break by themselves. Without either, an orderly end would look like the end of the content.
    if (unsent || this.#chunked || this.#declaredLength !== unknownLength) this.connection.endUnfinished();
    else this.connection.cut(true);
    this.#runEndTasks();
  }

  /** @internal Answers for the application and ends the connection. */
  refuse(refusal: Refusal): void {
    this.connection.refuse(refusal);
  }

  /** HOT. An answer that is whole and too short can still become a 500. */
  #requireLength(length: number): void {
    const answer = this.#responseHead;
    if (this.#declaredLength <= length || answer === null) return;
    if (!answer.status.hasContent || this.head.method === 'HEAD') return;
    throw tooShort(length, this.#declaredLength);
  }

  /** Whether `length` octets more are too many for the Content-Length of the application. */
  #isTooLong(length: number): boolean {
    const declared = this.#declaredLength;
    return declared !== unknownLength && !this.#contentless && this.#sent + length > declared;
  }

  /** Sends as much as was announced, and no octet more: the surplus would be read as the next answer. */
  #overrun(head: string, content: Uint8Array): never {
    const { transport } = this.connection;
    const declared = this.#declaredLength;
    const rest = content.subarray(0, declared - this.#sent);
    if (head !== '') transport.write(head);
    if (rest.length !== 0) transport.write(rest);
    this.#sent = declared;
    this.finish();
    throw tooLong(declared);
  }

  /**
   * HOT. Decides how the answer is framed and renders its head.
   * @param length octets of content, or unknownLength
   */
  #begin(length: number): string {
    const answer = this.#responseHead;
    if (answer === null) throw notStarted();
    if (this.#progress !== Unsent) throw new ContractError('FAPWS_ANSWERED', 'The answer has been sent.');
    const { head } = this;
    const { status } = answer;
    this.#progress = Sending;
    this.#begun = true;
    this.#contentless = !status.hasContent || head.method === 'HEAD';
    let text = answer.render(this.connection.protocol.clock);
    this.#keepAlive = mayGoOn(this);
    if (!status.hasContent) {
      if (status.code === 205) text += lengthLine(0);
    } else if (answer.contentLength === unknownLength) {
      if (length !== unknownLength) text += lengthLine(length);
      else if (head.minorVersion === 1) {
        text += 'Transfer-Encoding: chunked\r\n';
        this.#chunked = true;
      } else if (head.method !== 'HEAD') {
        // RFC 9112 6.3: to HTTP/1.0 the end of the connection is the end of the content.
        this.#keepAlive = false;
      }
    }
    if (!this.#keepAlive) text += 'Connection: close\r\n';
    else if (head.minorVersion === 0) text += 'Connection: keep-alive\r\n';
    return `${text}\r\n`;
  }
}

function run(tasks: readonly (() => void)[] | null): void {
  if (tasks !== null) for (const task of tasks) task();
}
