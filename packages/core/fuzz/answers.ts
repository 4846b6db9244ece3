// The reference reader of answers: strict, by RFC 9112, and indifferent to how they were made.

import { isToken, isValue } from './reference.ts';

export interface ReadAnswer {
  readonly code: number;
  /** Reason phrase. */
  readonly reason: string;
  readonly fields: readonly (readonly [string, string])[];
  readonly content: string;
  /** How its content is delimited; `close` is by the end of the connection. */
  readonly delimited: 'none' | 'length' | 'chunked' | 'close';
  /** Whether all of it arrived. One that is delimited by the end of the connection is as whole as that end is orderly. */
  readonly complete: boolean;
  /** Where the next one begins. */
  readonly end: number;
}

/** An answer that no client could read, or that two clients would read differently. */
export class BadAnswer extends Error {
  override readonly name: string = 'BadAnswer';
}

/**
 * @param octets one code point each, `at` the place of a status line
 * @param method of the request, on which the framing of its answer depends
 * @throws {BadAnswer}
 */
export function readAnswer(octets: string, at: number, method: string): ReadAnswer {
  const headEnd = octets.indexOf('\r\n\r\n', at);
  if (headEnd === -1) return unfinished(octets, at);
  const [line = '', ...lines] = octets.slice(at, headEnd).split('\r\n');
  const match = /^HTTP\/1\.1 ([1-9]\d\d) ([\t\x20-\x7e\x80-\xff]*)$/.exec(line);
  if (match === null) throw new BadAnswer(`not a status line: ${JSON.stringify(line.slice(0, 200))}`);
  const code = Number(match[1]);
  const fields = lines.map(readField);
  const values = (wanted: string): string[] =>
    fields.filter(([name]) => name.toLowerCase() === wanted).map(([, value]) => value);
  const lengths = values('content-length');
  const codings = values('transfer-encoding');
  if (lengths.length + codings.length > 1) throw new BadAnswer('framed twice');
  if (lengths.some(length => !/^\d+$/.test(length))) throw new BadAnswer(`a length of ${lengths[0]}`);
  if (codings.some(coding => coding !== 'chunked')) throw new BadAnswer(`a coding of ${codings[0]}`);
  if ((code < 200 || code === 204) && lengths.length + codings.length > 0) {
    throw new BadAnswer(`framing in an answer with ${code}`);
  }
  if (code >= 200 && values('date').length !== 1) throw new BadAnswer('no Date, or several');
  const start = headEnd + 4;
  const answer = { code, reason: match[2] as string, fields };
  if (code < 200 || method === 'HEAD' || code === 204 || code === 304) {
    return { ...answer, content: '', delimited: 'none', complete: true, end: start };
  }
  if (codings.length > 0) return { ...answer, ...readChunks(octets, start), delimited: 'chunked' };
  if (lengths.length === 0) {
    return {
      ...answer,
      content: octets.slice(start),
      delimited: 'close',
      complete: true,
      end: octets.length,
    };
  }
  const end = start + Number(lengths[0]);
  const content = octets.slice(start, end);
  return {
    ...answer,
    content,
    delimited: 'length',
    complete: octets.length >= end,
    end: Math.min(end, octets.length),
  };
}

/** What arrived of a head must be the beginning of one. */
function unfinished(octets: string, at: number): ReadAnswer {
  const [line = '', ...lines] = octets.slice(at).split('\r\n');
  const begin = 'HTTP/1.1 ';
  const good = line.length < begin.length ? begin.startsWith(line) : line.startsWith(begin);
  if (!good) throw new BadAnswer(`not the beginning of an answer: ${JSON.stringify(line.slice(0, 200))}`);
  for (const whole of lines.slice(0, -1)) readField(whole);
  return {
    code: Number(/^HTTP\/1\.1 (\d{3}) /.exec(line)?.[1] ?? 0),
    reason: '',
    fields: [],
    content: '',
    delimited: 'none',
    complete: false,
    end: octets.length,
  };
}

function readField(line: string): [string, string] {
  const colon = line.indexOf(': ');
  const name = line.slice(0, Math.max(colon, 0));
  const value = line.slice(colon + 2);
  if (!isToken(name) || !isValue(value)) {
    throw new BadAnswer(`not a field line: ${JSON.stringify(line.slice(0, 200))}`);
  }
  return [name, value];
}

function readChunks(octets: string, start: number): Pick<ReadAnswer, 'content' | 'complete' | 'end'> {
  let content = '';
  let at = start;
  for (;;) {
    const lineEnd = octets.indexOf('\r\n', at);
    if (lineEnd === -1) {
      if (!/^[0-9a-f]*\r?$/.test(octets.slice(at))) throw new BadAnswer('not the beginning of a chunk');
      return { content, complete: false, end: octets.length };
    }
    const size = octets.slice(at, lineEnd);
    if (!/^(?:0|[1-9a-f][0-9a-f]*)$/.test(size))
      throw new BadAnswer(`a chunk size of ${JSON.stringify(size)}`);
    const length = Number.parseInt(size, 16);
    const end = lineEnd + 2 + length;
    content += octets.slice(lineEnd + 2, end);
    const behind = octets.slice(end, end + 2);
    if (behind !== '\r\n') {
      if (!'\r\n'.startsWith(behind)) throw new BadAnswer('a chunk that is longer than its size');
      return { content, complete: false, end: octets.length };
    }
    at = end + 2;
    if (length === 0) return { content, complete: true, end: at };
  }
}
