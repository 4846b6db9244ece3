// The fuzzer is only as good as its own reading of the RFC: the requests that the other tests know to be in order, or not, must
// be so to it, and what is wrong with a row of answers must be seen.
import { describe, expect, test } from 'vitest';
import { judge } from '../../fuzz/judge.ts';
import { readRequests } from '../../fuzz/reference.ts';
import { defaultLimits } from '../../src/http/limits.ts';
import { kinds } from '../http/requests.ts';
import { malformed } from '../rules/all-malformed.ts';

describe('the reference reader', () => {
  test.each(kinds.map(kind => kind('text')))('takes $name', ({ octets, method, content }) => {
    const { requests, end } = readRequests(octets, defaultLimits);
    expect(requests).toMatchObject([{ method, content, state: 'complete', statuses: [] }]);
    expect(['boundary', 'closed']).toContain(end.kind);
  });

  test.each(malformed)('refuses $title with $status', ({ octets, status, called }) => {
    const { requests, end } = readRequests(`${octets}\r\n\r\n`, defaultLimits);
    if (called) expect(requests[0]?.statuses).toContain(status);
    else if (requests.length > 0) expect(requests[0]?.statuses).toContain(status);
    else expect('statuses' in end ? end.statuses : 'faults' in end ? end.faults : []).toContain(status);
  });
});

const request = (id: number, more = ''): string =>
  `GET /?id=${id}&app=text HTTP/1.1\r\nHost: a\r\n${more}\r\n`;
const answer = (id: number, more = ''): string => {
  const target = `/?id=${id}&app=text`;
  return `HTTP/1.1 200 OK\r\nX-Target: ${target}\r\nDate: now\r\nContent-Length: ${target.length + 5}\r\n${more}\r\ntext ${target}`;
};
const refusal = 'HTTP/1.1 400 Bad Request\r\nDate: now\r\nContent-Length: 0\r\nConnection: close\r\n\r\n';
const close = 'Connection: close\r\n';

function judged(sent: string, received: string): string | null {
  return judge({
    sent,
    received,
    ending: 'closed',
    manner: { cutShort: false, breaks: false, stops: false, isUnix: false, late: [], finishes: false },
    limits: defaultLimits,
  });
}

describe('the judge', () => {
  test.each([
    ['one answer each, in order', request(1) + request(2), answer(1) + answer(2)],
    ['a close that was asked for', request(1, close) + request(2), answer(1, close)],
    ['a refusal behind an answer', `${request(1)}GET / HTTP/1.1\r\n\r\n`, answer(1) + refusal],
    ['nothing for a request that is not complete', 'GET / HTTP/1.1\r\nHo', ''],
  ])('accepts %s', (_, sent, received) => {
    expect(judged(sent, received)).not.toBeNull();
  });

  test.each([
    ['answers that changed places', request(1) + request(2), answer(2) + answer(1), /has the answer of/],
    ['a missing answer', request(1) + request(2), answer(1), /has no answer/],
    ['an answer too many', request(1), answer(1) + answer(1), /more behind the last answer/],
    ['an answer behind a refusal', `GET / HTTP/1.1\r\n\r\n${request(1)}`, refusal + answer(1), /more behind/],
    ['a request that should be refused', 'GET / HTTP/1.1\r\n\r\n', answer(1), /answered with 200/],
    ['a refusal of what is in order', request(1), refusal, /is 400, not 200/],
    [
      'a refusal that is not said to be the last',
      `GET / HTTP/1.1\r\n\r\n`,
      refusal.replace(close, ''),
      /not say close/,
    ],
    ['a close that nobody asked for', request(1) + request(2), answer(1, close), /without a reason/],
    ['a close that is not said', request(1, close), answer(1), /does not say close/],
    ['other content', request(1), answer(1).replace('text /', 'TEXT /'), /has the content/],
    ['half an answer', request(1), answer(1).slice(0, -3), /is not whole/],
    [
      'an answer framed twice',
      request(1),
      answer(1, 'Transfer-Encoding: chunked\r\n'),
      /malformed: framed twice/,
    ],
    [
      '100 Continue that nobody waits for',
      request(1),
      `HTTP/1.1 100 Continue\r\n\r\n${answer(1)}`,
      /nobody asked for/,
    ],
    ['a field line that was split', request(1), answer(1).replace('Date', 'X\r\n\r\nDate'), /malformed/],
  ])('sees %s', (_, sent, received, message) => {
    expect(() => judged(sent, received)).toThrow(message);
  });
});
