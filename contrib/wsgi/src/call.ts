// One request at a worker: from the environ to the last octet of the answer. The worker object owns the channel; this owns
// what is to be said on it about one request.

import { Buffer } from 'node:buffer';
import type { Environ, Header, Result, StartResponse, Write } from '@fapws/core';
import type { Content } from './content.ts';
import { WorkerError } from './errors.ts';
import { headersOf, headOf } from './head.ts';
import { writeEnviron } from './marshal.ts';
import type { Output } from './output.ts';
import {
  Abort,
  Content as ContentMessage,
  Credit,
  HasFile,
  HasHead,
  HEADER,
  IsEnd,
  IsMultiprocess,
  lasting,
  Request,
  WINDOW,
  writeHeader,
} from './protocol.ts';
import { SpooledContent } from './spool.ts';

export class Call {
  readonly environ: Environ;
  readonly #startResponse: StartResponse;
  readonly #resolve: (result: Result) => void;
  readonly #reject: (error: unknown) => void;
  #content: Content;
  #output: Output | null = null;
  id = 0;
  /** When it began to wait for a worker, in milliseconds of `performance.now()`. */
  queuedAt = 0;
  /** How often a process that had it has ended before it was begun there. */
  moves = 0;
  /** Whether the caller has what it waits for. The worker may still be at it: `over` comes later. */
  #settled = false;
  #write: Write | null = null;
  /** Octets that were taken and for which the worker has not been given new credit. */
  #owed = 0;
  #watching = false;
  #signal: AbortSignal | null = null;
  #listener: (() => void) | null = null;
  /** Octets of content that the worker waits for. */
  #wanted = 0;
  #pieces: AsyncIterator<Uint8Array> | null = null;
  #reading = false;
  /** Pieces of the answer that the client has not taken. */
  #untaken = 0;
  /** How often the application has given something; that number, and when, as of the last look at it. */
  #given = 0;
  #seen = 0;
  #quietSince = 0;

  constructor(
    environ: Environ,
    startResponse: StartResponse,
    content: Content,
    resolve: (result: Result) => void,
    reject: (error: unknown) => void,
  ) {
    this.environ = environ;
    this.#startResponse = startResponse;
    this.#content = content;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  /** HOT. Hands the request to a worker. */
  begin(id: number, output: Output): void {
    this.id = id;
    this.#output = output;
    const content = this.#content;
    let flags = IsEnd;
    let octets: Uint8Array | null = null;
    let known = -1;
    if (content === undefined) flags = 0;
    else if (content instanceof SpooledContent) {
      flags |= HasFile;
      octets = Buffer.from(content.path);
      known = content.octets;
    } else if (content !== null) {
      octets = content;
      known = content.length;
    }
    const length = writeEnviron(output, HEADER, this.environ, known);
    if (this.environ['wsgi.multiprocess']) flags |= IsMultiprocess;
    writeHeader(output.block, output.end, length + (octets?.length ?? 0), Request, flags, id, length);
    output.advance(HEADER + length);
    if (octets !== null) output.append(octets);
    if (content === undefined) this.watch();
  }

  /** Learns from now on when the client leaves. Not done for every request: most are answered before it matters. */
  watch(): void {
    if (this.#watching || this.#settled) return;
    this.#watching = true;
    const signal = this.environ['fapws.signal'];
    if (signal.aborted) this.#clientLeft();
    else {
      this.#signal = signal;
      this.#listener = () => this.#clientLeft();
      signal.addEventListener('abort', this.#listener, { once: true });
    }
  }

  /** Whether nobody waits for the answer any more. */
  get settled(): boolean {
    return this.#settled;
  }

  #clientLeft(): void {
    this.#abandon(this.environ['fapws.signal'].reason);
  }

  /** Tells the worker that nobody waits any more. It says when it is over. */
  #abandon(error: unknown): void {
    if (this.#settled) return;
    this.#output?.message(Abort, 0, this.id);
    this.fail(error);
  }

  /** There will be no answer; nobody has to hear that of whom the client has left already. */
  refuse(error: WorkerError): void {
    const signal = this.environ['fapws.signal'];
    this.fail(signal.aborted ? signal.reason : error);
  }

  /** The caller gets an error. */
  fail(error: unknown): void {
    if (!this.#settle()) return;
    this.#reject(error);
  }

  /**
   * The front answers itself; an answer that has begun is cut, with the error in the log. The worker is told that nobody waits
   * any more.
   */
  answerInstead(status: string, headers: readonly Header[], text: string, error: WorkerError): void {
    if (this.#settled) return;
    this.#output?.message(Abort, 0, this.id);
    this.#settle();
    if (this.#write !== null) {
      this.#reject(error);
      return;
    }
    try {
      this.#startResponse(status, [['Content-Type', 'text/plain; charset=utf-8'], ...headers]);
      this.#resolve(text);
    } catch (failure) {
      this.#reject(failure);
    }
  }

  /** The process that had it has ended before it was begun there: it may go to another one. */
  giveBack(): void {
    this.#output = null;
    this.moves += 1;
  }

  /** The process that had it has ended, and it may have been begun there. */
  lose(error: WorkerError): void {
    this.#output = null;
    this.#releaseContent();
    this.answerInstead(
      '502 Bad Gateway',
      [],
      'The process of this application ended before it had answered.\n',
      error,
    );
  }

  /** Whether it may be sent a second time (RFC 9110, 9.2.2). */
  get idempotent(): boolean {
    return /^(?:GET|HEAD|OPTIONS|PUT|DELETE|TRACE)$/.test(this.environ.REQUEST_METHOD);
  }

  /**
   * @param now milliseconds of a clock of the caller's
   * @returns for how many of them the application has given nothing while it waited neither for the client's content nor for
   *   the client to take the answer; counted from the first time this is asked
   */
  quietFor(now: number): number {
    const waitsForClient = !this.#settled && (this.#reading || this.#untaken > 0);
    if (this.#quietSince === 0 || this.#seen !== this.#given || waitsForClient) {
      this.#seen = this.#given;
      this.#quietSince = now;
    }
    return now - this.#quietSince;
  }

  #settle(): boolean {
    if (this.#settled) return false;
    this.#settled = true;
    if (this.#signal !== null) {
      this.#signal.removeEventListener('abort', this.#listener as () => void);
      this.#signal = null;
    }
    if (this.#pieces !== null)
      void this.#pieces.return?.()?.catch(() => {
        // Whoever gives the content up does not want to know why it would have ended.
      });
    if (this.#output === null) this.#releaseContent();
    return true;
  }

  /** Not before the last word of a worker that has the request: until then it may open the file. */
  #releaseContent(): void {
    if (this.#content instanceof SpooledContent) this.#content.release();
    if (this.#content !== undefined) this.#content = null;
  }

  /** HOT. A piece of the answer. @param headLength octets of the head at its beginning, if there is one */
  answer(flags: number, headLength: number, payload: Buffer): void {
    this.#given += 1;
    if ((flags & IsEnd) !== 0) this.#releaseContent();
    if (this.#settled) return;
    try {
      let content = payload;
      if ((flags & HasHead) !== 0) {
        const { status, headers } = headOf(payload.toString('latin1', 0, headLength));
        const write = this.#startResponse(status, headers);
        content = payload.subarray(headLength);
        if ((flags & IsEnd) === 0) this.#write = write;
      }
      if ((flags & IsEnd) !== 0) {
        this.#settle();
        this.#resolve(lasting(content));
      } else this.#send(content);
    } catch (error) {
      this.#abandon(error);
    }
  }

  /** Headers ahead of the answer. */
  hint(lines: string): void {
    if (this.#settled) return;
    try {
      // A middleware may have taken it away.
      const hint = this.environ['wsgi.early_hints'] as Environ['wsgi.early_hints'] | undefined;
      hint?.(headersOf(lines.split('\n'), 0));
    } catch (error) {
      this.#abandon(error);
    }
  }

  #send(content: Buffer): void {
    // From here on the answer takes its time, and the client may leave meanwhile.
    this.watch();
    if (this.#settled || content.length === 0) return;
    const slow = (this.#write as Write)(lasting(content));
    if (slow === undefined) this.#taken(content.length);
    else {
      this.#untaken += 1;
      slow.then(
        () => {
          this.#untaken -= 1;
          this.#taken(content.length);
        },
        error => this.#abandon(error),
      );
    }
  }

  /** The client, or the kernel for it, has taken so many octets: the worker may send as many more. */
  #taken(octets: number): void {
    if (this.#settled) return;
    this.#owed += octets;
    // A word for every quarter of the window is enough to keep it open.
    if (this.#owed < WINDOW / 4) return;
    this.#output?.message(Credit, 0, this.id, this.#owed);
    this.#owed = 0;
  }

  /** The worker's last word is that the application failed. @param traceback empty when there is nothing to tell */
  broken(traceback: string): void {
    this.#releaseContent();
    this.fail(new WorkerError('FAPWS_WSGI_APPLICATION', `the application raised\n${traceback.trimEnd()}`));
  }

  /** The application reads content that is still to come. */
  want(octets: number): void {
    if (this.#settled || this.#content !== undefined) return;
    this.#wanted += octets;
    if (!this.#reading) void this.#sendContent();
  }

  async #sendContent(): Promise<void> {
    this.#reading = true;
    try {
      this.#pieces ??= this.environ['wsgi.input'][Symbol.asyncIterator]();
      while (this.#wanted > 0) {
        const { done, value } = await this.#pieces.next();
        if (this.#settled) return;
        if (done === true) {
          this.#output?.message(ContentMessage, IsEnd, this.id);
          return;
        }
        this.#wanted -= value.length;
        this.#output?.message(ContentMessage, 0, this.id, 0, value);
      }
    } catch (error) {
      this.#abandon(error);
    } finally {
      this.#reading = false;
    }
  }

  /** What the application has written to wsgi.errors. */
  log(lines: string): void {
    this.environ['wsgi.errors'].write(lines);
  }
}
