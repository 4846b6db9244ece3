// One answer on its way through the middleware: when its content begins, its head says whether that is compressed, and is
// changed accordingly. Small content is compressed at once, more beside the event loop, streams piece by piece.

import type { Buffer } from 'node:buffer';
import {
  type Chunk,
  ContractError,
  type Environ,
  type Headers,
  type Result,
  type StartResponse,
  type Write,
  type WsgiResponse,
} from '@fapws/core';
import type { Preference } from './accept-encoding.ts';
import { type Encoding, unknownSize } from './codings.ts';
import { bytesOf, isChunk, isIterable, isPromise, lengthOf, slicesOf, withClose } from './content.ts';
import { Encoder, GivenUp } from './encoder.ts';
import type { Equipment } from './equipment.ts';
import { addVary, type Facts, factsOf, type Head, HeldHead, makeCoded, makeNotModified } from './head.ts';
import { largestWhole } from './options.ts';
import { Pieces } from './pieces.ts';
import { Coded, Open, Plain, type Stage } from './stage.ts';

export class Answer {
  readonly #equipment: Equipment;
  readonly #environ: Environ;
  readonly #start: StartResponse;
  readonly #preference: Preference;
  readonly #isHead: boolean;
  /** What the application calls. */
  readonly startResponse: StartResponse;
  /** Where the head can be changed; null before there is one. */
  #head: Head | null;
  /** The server's `write`; null while the head is held back. */
  #write: Write | null = null;
  #ownWrite: Write | null = null;
  #stage: Stage = Open;
  /** Whether content has been given, though maybe not sent yet. */
  #given = false;
  #encoder: Encoder | null = null;
  #givenUp = false;
  #finished = false;
  /** Octets of the application's content that its Content-Length leaves; Infinity if there is none. */
  #room = Number.POSITIVE_INFINITY;
  /** Pieces that a result gave one after the other, to be compressed together. */
  #pending: Uint8Array[] = [];
  /** Settled when all that is to be compressed before anything new has been, and is sent. */
  #tail: Promise<void> = Promise.resolve();
  /** Ends the turn of a result; null while it has none. */
  #endTurn: (() => void) | null = null;
  #isOverrun = false;
  #failure: { readonly error: unknown } | null = null;

  constructor(equipment: Equipment, environ: Environ, startResponse: StartResponse, preference: Preference) {
    this.#equipment = equipment;
    this.#environ = environ;
    this.#start = startResponse;
    this.#preference = preference;
    this.#isHead = environ.REQUEST_METHOD === 'HEAD';
    const { response } = startResponse;
    this.#head = response ?? null;
    const own = (status: string, headers: Headers, excInfo?: unknown): Write =>
      this.#begin(response, status, headers, excInfo);
    // Whoever looks for it further in finds the server's own, and what is changed there is seen here.
    own.response = response;
    this.startResponse = own;
  }

  get stage(): Stage {
    return this.#stage;
  }

  get syncLimit(): number {
    return this.#equipment.settings.syncLimit;
  }

  /** Octets of a file that are sent: it may be longer than the application's Content-Length. */
  get room(): number {
    const length = this.#facts()?.length ?? -1;
    return length === -1 ? this.#room : length;
  }

  /** Whether there was more content than the application's Content-Length allows. */
  get isOverrun(): boolean {
    return this.#isOverrun;
  }

  get hasHead(): boolean {
    return this.#head !== null && this.#head.status !== '';
  }

  // The head.

  /** HOT. What a call of startResponse does. */
  #begin(response: WsgiResponse | undefined, status: string, headers: Headers, excInfo: unknown): Write {
    if (this.#preference.coding === null) return this.#beginPlain(status, headers, excInfo);
    const isAnew = excInfo !== undefined && excInfo !== null;
    // Content that was given may still be in here, where the server does not see it.
    if (isAnew && this.#given) throw excInfo;
    if (response !== undefined) {
      // A copy: core looks at these again when the head is changed, and the caller may have changed its array by then.
      this.#write = this.#start(status, Array.isArray(headers) ? [...headers] : headers, excInfo);
    } else if (this.#head !== null && !isAnew) {
      throw new ContractError(
        'FAPWS_STARTED_TWICE',
        'startResponse was called twice. To replace an answer because of an error, pass the error as third argument.',
      );
    } else {
      this.#head = new HeldHead(status, headers);
    }
    this.#ownWrite ??= chunk => this.#written(chunk);
    return this.#ownWrite;
  }

  /** HOT. What a call of startResponse does where nothing will be compressed. The rest is the server's. */
  #beginPlain(status: string, headers: Headers, excInfo: unknown): Write {
    const head = new HeldHead(status, headers);
    if (head.isSound) this.#note(head, factsOf(head, this.#equipment.types));
    const write = this.#start(status, head.headers, excInfo);
    this.#stage = Plain;
    return write;
  }

  /** HOT. What the head of content that stays as it is has to say. */
  #note(head: Head, facts: Facts): void {
    if (facts.notModified) makeNotModified(head, facts, this.#environ.HTTP_IF_NONE_MATCH ?? '');
    else if (facts.compressible && !facts.closed) addVary(head, facts);
  }

  /** HOT. What the head says; null while there is none, or none that could be sent. */
  #facts(): Facts | null {
    const head = this.#head;
    // A response without a status belongs to somebody further out who holds heads back: they can't be changed here.
    if (head === null || head.status === '' || (head instanceof HeldHead && !head.isSound)) return null;
    return factsOf(head, this.#equipment.types);
  }

  /** HOT. The coding for content of so many octets, or null to leave it as it is. */
  #codingFor(facts: Facts, length: number): Encoding | null {
    const { coding, identityRefused } = this.#preference;
    if (coding === null || facts.closed || length === 0) return null;
    // Who does not take content as it is gets it compressed even where that is not worth it.
    if (identityRefused) return coding;
    return facts.compressible && length >= this.#equipment.settings.threshold ? coding : null;
  }

  /**
   * HOT. Makes the head say what becomes of the content. From now on the server has it.
   *
   * @param encoding null for none
   * @param length octets to announce; -1 to leave that to the server
   */
  #settleHead(facts: Facts | null, encoding: Encoding | null, length = -1): void {
    this.#stage = Plain;
    const head = this.#head;
    if (head === null) return;
    if (facts !== null) {
      if (encoding !== null) makeCoded(head, facts, encoding);
      else this.#note(head, facts);
      if (length > 0 && !facts.notModified) head.setHeader('Content-Length', String(length));
    }
    if (head instanceof HeldHead && this.#write === null) {
      this.#write = this.#start(head.status, head.headers);
    }
  }

  // Content piece by piece.

  /** The first content of a stream is there: settles what becomes of it. */
  beginStream(): void {
    this.#given = true;
    const facts = this.#facts();
    const encoding = facts && this.#codingOfStream(facts);
    this.#settleHead(facts, encoding);
    if (facts === null || encoding === null || this.#isHead) return;
    this.#stage = Coded;
    if (facts.length !== -1) this.#room = facts.length;
    const { levels, syncLimit } = this.#equipment.settings;
    this.#use(new Encoder(encoding, levels[encoding], unknownSize, syncLimit));
  }

  #codingOfStream(facts: Facts): Encoding | null {
    return this.#codingFor(facts, facts.length === -1 ? unknownSize : facts.length);
  }

  #use(encoder: Encoder): void {
    this.#encoder = encoder;
    // Whatever becomes of the answer, also when nobody iterates: the memory of the encoder is freed with it.
    this.#environ['fapws.after'](() => this.giveUp());
  }

  /** The answer is over: what is still being compressed is for nobody. */
  giveUp(): void {
    this.#givenUp = true;
    this.#encoder?.destroy();
    this.passTurn();
  }

  /** Compresses a piece; of what is more than the Content-Length says, nothing. */
  async encode(content: Uint8Array): Promise<Buffer[]> {
    const fitting = content.length > this.#room ? content.subarray(0, this.#room) : content;
    this.#room -= fitting.length;
    if (fitting.length < content.length) {
      this.#isOverrun = true;
      this.#environ['wsgi.errors'].write(
        `${this.#environ.REQUEST_METHOD} ${this.#environ.REQUEST_URI}: the answer is longer than its Content-Length; ` +
          'what was too much is not sent.\n',
      );
    }
    return fitting.length === 0 || this.#encoder === null ? [] : this.#encoder.push(fitting);
  }

  /** Ends what was compressed piece by piece. */
  async finish(): Promise<Buffer[]> {
    this.#finished = true;
    await this.takeTurn();
    if (this.#encoder === null) return [];
    if (this.#room > 0 && this.#room !== Number.POSITIVE_INFINITY) {
      throw new ContractError(
        'FAPWS_CONTENT_LENGTH',
        `The answer is ${this.#room} octets shorter than its Content-Length says.`,
      );
    }
    const rest = await this.#encoder.finish();
    this.#encoder.destroy();
    return rest;
  }

  /** Notes a piece that will be compressed together with those that follow it. */
  pend(content: Uint8Array): void {
    this.#given = true;
    this.#pending.push(content);
  }

  takePending(): Uint8Array[] {
    const pending = this.#pending;
    this.#pending = [];
    return pending;
  }

  // What the application writes.

  #written(chunk: Chunk): Promise<void> | undefined {
    const fits = isChunk(chunk);
    if (fits && chunk.length === 0) return undefined;
    if (this.#stage === Open && fits) this.beginStream();
    if (this.#stage === Coded && fits) return this.#enqueue(chunk);
    // Those that were given before come first. What is no content is for the server to complain of.
    if (this.#write === null) this.#settleHead(this.#facts(), null);
    for (const pending of this.takePending()) void this.#write?.(pending);
    return this.#write?.(chunk);
  }

  #enqueue(chunk: Chunk): Promise<void> | undefined {
    if (this.#givenUp) return undefined;
    if (this.#finished) {
      throw new ContractError('FAPWS_ANSWERED', 'The answer is complete; nothing can be added to it.');
    }
    const chunks = [...this.takePending(), chunk];
    this.#tail = this.#tail.then(() => this.#send(chunks));
    return this.#tail;
  }

  /**
   * A result and those who write take turns, in the order in which they came: octets of one stream must not get mixed up. A
   * result has its turn from here until what came of it is sent.
   *
   * @throws what has failed so far
   */
  async takeTurn(): Promise<void> {
    const before = this.#tail;
    let end = (): void => {};
    this.#tail = new Promise(resolve => {
      end = resolve;
    });
    await before;
    this.#endTurn = end;
    if (this.#givenUp) end();
    if (this.#failure !== null) throw this.#failure.error;
  }

  passTurn(): void {
    this.#endTurn?.();
    this.#endTurn = null;
  }

  /** Never rejects: a failure is told when the application returns. */
  async #send(chunks: readonly Chunk[]): Promise<void> {
    try {
      for (const chunk of chunks) {
        for (const slice of slicesOf(bytesOf(chunk))) {
          for (const octets of await this.encode(slice)) await this.#write?.(octets);
        }
      }
    } catch (error) {
      this.#failure ??= { error };
    }
  }

  // What the application returns.

  /** HOT. Makes of a result the one that is sent. What fails is told by that. */
  settle(result: Result | Promise<Result>): Result | Promise<Result> {
    if (isPromise(result)) {
      // Another library's thenable may settle twice, or with a thenable.
      return Promise.resolve(result).then(settled => this.settle(settled));
    }
    try {
      return this.#settleResult(result);
    } catch (error) {
      // The server closes a result only if it gets it.
      return new Pieces(this, result, { error });
    }
  }

  #settleResult(result: Result): Result | Promise<Result> {
    if (this.#stage === Plain) return result;
    if (this.#stage === Coded) return new Pieces(this, result);
    const length = lengthOf(result);
    if (length !== null) return this.#settleWhole(result, length);
    const facts = this.#facts();
    // A generator may begin its answer when it is asked for its first piece.
    const mayBeCoded =
      facts === null ? this.#preference.coding !== null : this.#codingOfStream(facts) !== null;
    if (mayBeCoded && isIterable(result)) return new Pieces(this, result);
    this.#settleHead(facts, null);
    return result;
  }

  /** HOT. @param length octets of the content */
  #settleWhole(result: Result, length: number): Result | Promise<Result> {
    const facts = this.#facts();
    // An application that knows that nobody will see the content may say how long it would be, and leave it out.
    const isUnseen = this.#isHead && length === 0 && facts !== null && facts.length > 0;
    const size = isUnseen ? facts.length : length;
    const encoding = facts && this.#codingFor(facts, size);
    if (facts === null || encoding === null || (facts.length !== -1 && facts.length !== size)) {
      this.#settleHead(facts, null);
      return result;
    }
    if (isUnseen || size > largestWhole) {
      // Nobody knows how long it will be, so it has chunks; for HEAD one octet stands for them, which is not sent.
      this.beginStream();
      return new Pieces(this, isUnseen ? withClose(new Uint8Array(1), result) : result);
    }
    const content = bytesOf(result);
    const settled = this.#settleContent(facts, encoding, content);
    if (settled instanceof Promise) {
      return settled.then(
        octets => withClose(octets, result),
        error => new Pieces(this, result, { error }),
      );
    }
    return settled === content ? result : withClose(settled, result);
  }

  /**
   * Compresses whole content, unless that makes it larger.
   *
   * @param announced whether its length has to be in the head
   * @returns what to send
   */
  #settleContent(
    facts: Facts,
    encoding: Encoding,
    content: Uint8Array,
    announced = false,
  ): Uint8Array | Promise<Uint8Array> {
    this.#given = true;
    const settle = (compressed: Uint8Array): Uint8Array => {
      const isWorthIt = compressed.length < content.length || this.#preference.identityRefused;
      const octets = isWorthIt ? compressed : content;
      this.#settleHead(facts, isWorthIt ? encoding : null, announced ? octets.length : -1);
      return octets;
    };
    const compressed = this.#equipment.whole.compress(content, encoding, encoder => this.#use(encoder));
    if (!(compressed instanceof Promise)) return settle(compressed);
    return compressed.then(settle, error => {
      if (!(error instanceof GivenUp)) throw error;
      return content;
    });
  }

  /** All pieces of a result were there without waiting: they are as good as whole content. @returns what to send */
  settlePieces(content: Uint8Array): Uint8Array | Promise<Uint8Array> {
    const facts = this.#facts();
    const encoding = facts && this.#codingFor(facts, content.length);
    const isWrong = facts !== null && facts.length !== -1 && facts.length !== content.length;
    if (facts !== null && encoding !== null && !isWrong) {
      return this.#settleContent(facts, encoding, content, true);
    }
    this.#settleHead(facts, null, isWrong ? -1 : content.length);
    return content;
  }
}
