// Judges what a client received against what it sent: the n-th answer is the n-th request's, each is what its application
// must give, nothing follows a refusal or a close, and nothing is missing without a reason.

import type { Limits } from '../src/index.ts';
import { BadAnswer, type ReadAnswer, readAnswer } from './answers.ts';
import { kindOf } from './applications.ts';
import type { Manner } from './cases.ts';
import { type Expected, TARGET_FIELD } from './kind.ts';
import { type Reading, type ReadRequest, readRequests, servedMethods } from './reference.ts';

export interface Evidence {
  /** Octets, one code point each. */
  readonly sent: string;
  readonly received: string;
  /** How the connection ended for the client. */
  readonly ending: 'closed' | 'reset';
  readonly manner: Manner;
  readonly limits: Limits;
}

/** The client was not treated as it must be. */
export class Violation extends Error {
  override readonly name: string = 'Violation';
}

/**
 * @returns what must not depend on how the octets were cut; null where it may
 * @throws {Violation}
 */
export function judge(evidence: Evidence): string | null {
  try {
    return new Judge(evidence).run();
  } catch (error) {
    if (error instanceof BadAnswer) throw new Violation(`an answer is malformed: ${error.message}`);
    throw error;
  }
}

/** What the server may do in place of the application's answer. */
interface Instead {
  /** Refuse with one of these, and close. */
  readonly statuses: readonly number[];
  /** Whether it must. */
  readonly required: boolean;
  /** Say nothing, because the request never became whole. */
  readonly mayBeSilent: boolean;
  /** Break off an answer that has begun. */
  readonly mayCut: boolean;
}

class Judge {
  readonly #evidence: Evidence;
  readonly #reading: Reading;
  #at = 0;
  #over = false;
  /** Whether a content that may be refused has come: if it was, after its answer, the connection ends without a word. */
  #mayEnd = false;
  #determined = true;
  readonly #outcome: string[] = [];

  constructor(evidence: Evidence) {
    this.#evidence = evidence;
    this.#reading = readRequests(evidence.sent, evidence.limits);
  }

  run(): string | null {
    const { manner } = this.#evidence;
    if (manner.cutShort || manner.stops) this.#determined = false;
    for (const [index, request] of this.#reading.requests.entries()) {
      this.#judgeRequest(request, index);
      if (this.#over) break;
    }
    if (!this.#over) this.#judgeEnd();
    if (this.#at !== this.#evidence.received.length) {
      throw new Violation(`there is more behind the last answer: ${this.#shown()}`);
    }
    return this.#determined ? this.#outcome.join('\n') : null;
  }

  #judgeRequest(request: ReadRequest, index: number): void {
    const name = `request ${index + 1}, ${request.method} ${request.target.slice(0, 100)},`;
    const { manner, ending } = this.#evidence;
    const expected = expectedOf(request);
    const instead = this.#insteadOf(request, expected);
    const { answer, hints } = this.#next(request.method, name, request);
    if (answer === null) {
      if (!manner.cutShort && !manner.stops && !instead.mayBeSilent && !this.#mayEnd)
        throw new Violation(`${name} has no answer`);
      this.#over = true;
      return;
    }
    const belongs = answer.fields.find(([field]) => field === TARGET_FIELD)?.[1];
    if (belongs !== undefined && belongs !== request.target) {
      throw new Violation(`${name} has the answer of ${belongs.slice(0, 100)}`);
    }
    const closes = saysClose(answer);
    if (belongs === undefined && instead.statuses.includes(answer.code) && (closes || !answer.complete)) {
      // A refusal. That 500 and 501 come from elsewhere is told by what they must be else.
      if (answer.code !== expected.status || instead.required) {
        this.#outcome.push(refusalIn(answer.code, instead.statuses));
        this.#requireWhole(answer, name);
        this.#over = true;
        return;
      }
    }
    if (instead.required && !(instead.mayCut && answer.code === expected.status)) {
      throw new Violation(`${name} is ${answer.code}, not one of ${instead.statuses.join(', ')}`);
    }
    if (answer.code !== expected.status && !(manner.cutShort && answer.code === 0)) {
      if (manner.cutShort && manner.late.includes(answer.code) && closes) {
        this.#over = true;
        return;
      }
      throw new Violation(`${name} is ${answer.code}, not ${expected.status}`);
    }
    if (hints !== hintsOf(request) && answer.code !== 0) {
      throw new Violation(`${name} has ${hints} early hints, not ${hintsOf(request)}`);
    }
    this.#judgeContent(request, expected, instead, answer, name);
    if (this.#over) return;
    this.#mayEnd ||= instead.statuses.length > 0;
    this.#note(answer);
    this.#judgePersistence(request, answer, index, name);
    if (answer.delimited === 'close' && ending === 'reset' && !manner.cutShort) {
      throw new Violation(`${name} is whole, but its end looks like a break`);
    }
  }

  #judgeContent(
    request: ReadRequest,
    expected: Expected,
    instead: Instead,
    answer: ReadAnswer,
    name: string,
  ): void {
    const { manner, ending } = this.#evidence;
    const content = request.method === 'HEAD' ? '' : expected.content;
    // Over a unix socket a break looks like the end.
    const isBreak =
      ending === 'reset' || manner.breaks || (manner.isUnix && (expected.cut === true || instead.mayCut));
    const whole = answer.complete && !(answer.delimited === 'close' && isBreak);
    if (expected.cut || (!whole && (instead.mayCut || manner.cutShort))) {
      if (whole) {
        // Who breaks the connection may have got the answer as a whole before.
        throw new Violation(`${name} was broken off by its application, and looks whole`);
      }
      if (expected.content !== 'any' && !content.startsWith(answer.content)) {
        throw new Violation(`${name} has other content than it must: ${shown(answer.content)}`);
      }
      this.#outcome.push('cut');
      if (instead.mayCut) this.#determined = false;
      this.#over = true;
      return;
    }
    this.#requireWhole(answer, name);
    if (instead.required) throw new Violation(`${name} looks whole, though its content never was`);
    if (content !== 'any' && answer.content !== content) {
      throw new Violation(`${name} has the content ${shown(answer.content)}, not ${shown(content)}`);
    }
  }

  #requireWhole(answer: ReadAnswer, name: string): void {
    if (answer.complete) return;
    if (!this.#evidence.manner.cutShort)
      throw new Violation(`${name} is not whole: ${this.#evidence.received.slice(-200)}`);
    this.#over = true;
  }

  /** Whether the connection goes on, and says what it does. */
  #judgePersistence(request: ReadRequest, answer: ReadAnswer, index: number, name: string): void {
    const { limits, manner } = this.#evidence;
    const needsAll = needs(request) === Number.POSITIVE_INFINITY;
    const required = request.closes || index + 1 >= limits.requests || answer.delimited === 'close';
    const isLast = index === this.#reading.requests.length - 1;
    const allowed =
      required ||
      manner.cutShort ||
      manner.stops ||
      request.doubtful ||
      request.state !== 'complete' ||
      request.tooLarge ||
      (isLast && manner.finishes) ||
      ((!needsAll || (isServed(request) && kindOf(request).streams)) &&
        (request.expectsContinue || request.content.length > limits.discard)) ||
      // An answer to HEAD has no content that would tell its end.
      (request.minorVersion === 0 && !answer.fields.some(([field]) => field === 'Content-Length'));
    const closes = saysClose(answer);
    if (required && !closes)
      throw new Violation(`${name} is the last one, but its answer does not say close`);
    if (closes && !allowed) throw new Violation(`${name} says close without a reason`);
    if (!closes && request.minorVersion === 0 && !says(answer, 'keep-alive')) {
      throw new Violation(`${name} is HTTP/1.0 and goes on without a word`);
    }
    if (closes) this.#over = true;
    if (!required && allowed) this.#determined = false;
    // Without a close, content that turns out broken or too much still ends the connection.
    if (
      request.state === 'broken' ||
      request.tooLarge ||
      (!needsAll && request.content.length > limits.discard)
    ) {
      this.#determined = false;
      this.#over ||= this.#at === this.#evidence.received.length;
    }
  }

  #insteadOf(request: ReadRequest, expected: Expected): Instead {
    const { manner } = this.#evidence;
    const wanted = needs(request);
    const satisfied = request.content.length >= wanted;
    const doubtful = request.doubtful || request.statuses.length > 0;
    if (request.tooLarge) {
      this.#determined = false;
      return {
        statuses: [...request.statuses, 400, ...manner.late],
        required: wanted === Number.POSITIVE_INFINITY,
        mayBeSilent: request.state === 'incomplete',
        mayCut: true,
      };
    }
    if (request.state === 'complete') {
      if (doubtful) this.#determined = false;
      return { statuses: request.statuses, required: false, mayBeSilent: false, mayCut: doubtful };
    }
    if (satisfied) this.#determined = false;
    const statuses = [...request.statuses];
    // The client shut its side, or its time is over.
    if (request.state === 'incomplete') statuses.push(manner.finishes ? 400 : 408);
    if (manner.cutShort) statuses.push(...manner.late);
    return {
      statuses,
      required: !satisfied,
      mayBeSilent: request.state === 'incomplete',
      // Whoever has begun to answer is cut off by what is wrong with the rest.
      mayCut: satisfied || expected.cut === true || (isServed(request) && kindOf(request).streams === true),
    };
  }

  #judgeEnd(): void {
    const { end } = this.#reading;
    const { manner } = this.#evidence;
    if (end.kind === 'boundary' || end.kind === 'closed') return;
    const from = this.#at;
    let { answer } = this.#next(end.isHead ? 'HEAD' : 'GET', 'what follows');
    if (answer !== null && end.isHead && this.#at < this.#evidence.received.length) {
      // When it was refused perhaps nobody could tell yet that it is a HEAD: then the refusal has a page.
      this.#at = from;
      ({ answer } = this.#next('GET', 'what follows'));
    }
    if (answer === null) {
      if (end.kind === 'refused' && !manner.cutShort && !manner.stops && !this.#mayEnd) {
        throw new Violation(`what follows is not refused, but should be, with ${end.statuses.join(', ')}`);
      }
      return;
    }
    const statuses = [...(end.kind === 'refused' ? end.statuses : end.faults)];
    if (manner.cutShort || (end.kind === 'incomplete' && !manner.finishes)) statuses.push(408);
    if (answer.code === 0 && manner.cutShort) return;
    if (!statuses.includes(answer.code)) {
      throw new Violation(
        `what follows is answered with ${answer.code}, not ${statuses.join(', ') || 'at all'}: ${this.#shown()}`,
      );
    }
    this.#requireWhole(answer, 'the refusal');
    if (answer.complete && !saysClose(answer)) throw new Violation('a refusal does not say close');
    // Whether it has a page depends on whether a HEAD is known for one by then.
    this.#outcome.push(refusalIn(answer.code, statuses));
  }

  /** The next final answer, and how many early hints come before it; what else comes before it must be allowed. */
  #next(
    method: string,
    name: string,
    request: ReadRequest | null = null,
  ): { answer: ReadAnswer | null; hints: number } {
    const { received } = this.#evidence;
    let mayContinue = request?.expectsContinue === true;
    for (let hints = 0; ; ) {
      if (this.#at === received.length) return { answer: null, hints };
      let answer = readAnswer(received, this.#at, method);
      // When its time was over perhaps nobody could tell yet that it is a HEAD.
      if (method === 'HEAD' && answer.end < received.length && answer.code === 408) {
        answer = readAnswer(received, this.#at, 'GET');
      }
      this.#at = answer.end;
      if (answer.code >= 200 || answer.code === 0) return { answer, hints };
      // Cut in the middle: as good as nothing.
      if (!answer.complete) return { answer: { ...answer, code: 0 }, hints };
      if (answer.code === 100 && mayContinue) mayContinue = false;
      else if (answer.code === 103 && request !== null && hints < hintsOf(request)) {
        hints += 1;
        const belongs = answer.fields.find(([field]) => field === TARGET_FIELD)?.[1];
        if (answer.fields.length !== 2 || belongs !== request.target) {
          throw new Violation(`${name} has the hints of ${String(belongs)}`);
        }
      } else throw new Violation(`${name} has an interim answer ${answer.code} that nobody asked for`);
    }
  }

  #note(answer: ReadAnswer): void {
    this.#outcome.push(`${answer.code} ${saysClose(answer)} ${answer.content}`);
  }

  #shown(): string {
    return shown(this.#evidence.received.slice(this.#at));
  }
}

function expectedOf(request: ReadRequest): Expected {
  if (!servedMethods.includes(request.method)) return { status: 501, content: 'any' };
  if (request.target === '*') return { status: 200, content: '' };
  return kindOf(request).expected(request);
}

const isServed = (request: ReadRequest): boolean =>
  servedMethods.includes(request.method) && request.target !== '*';

/** Octets of content without which the application gives no answer. */
function needs(request: ReadRequest): number {
  if (!isServed(request) || request.framing === 'none') return 0;
  const kind = kindOf(request);
  // Nobody sees what a generator yields to HEAD, so it is not asked for more.
  if (kind.streams && request.method === 'HEAD') return 0;
  return kind.needs ?? 0;
}

/** Early hints that belong to the answer to a request. */
function hintsOf(request: ReadRequest): number {
  return isServed(request) && request.minorVersion === 1 ? (kindOf(request).hints ?? 0) : 0;
}

function says(answer: ReadAnswer, option: string): boolean {
  return answer.fields.some(([name, value]) => name === 'Connection' && value === option);
}

const ofSize: readonly number[] = [413, 414, 431];

/** What is malformed and too large as well is refused as the one or the other, by what had arrived when it was found. */
function refusalIn(status: number, allowed: readonly number[]): string {
  const isEither = allowed.some(one => ofSize.includes(one)) && allowed.some(one => !ofSize.includes(one));
  return isEither ? 'refused' : String(status);
}

const saysClose = (answer: ReadAnswer): boolean => says(answer, 'close');

const shown = (text: string): string => JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text);

/**
 * Whether the server may break the connection off because an answer can't be finished. Octets that the kernel has not taken
 * yet are dropped then, those of answers before it too.
 */
export function mayBreakOff(sent: string, limits: Limits): boolean {
  return readRequests(sent, limits).requests.some(
    request =>
      expectedOf(request).cut === true || request.state !== 'complete' || request.statuses.length > 0,
  );
}
