// Known ways to make two servers disagree on where a request ends: those that are refused. Each is written as an attacker would
// send it, a request hidden in what the other server takes for content. desync.test.ts has those that are read as HTTP says.

import { HOST, type Malformed, refusals, refusedChunks, withFields } from './malformed.ts';

const HIDDEN = 'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n';
const LENGTH = `Content-Length: ${HIDDEN.length}`;

/** A chunk of these octets. */
function chunk(octets: string): string {
  return `${octets.length.toString(16)}\r\n${octets}\r\n`;
}

/** A length that holds for the hidden request, beside one Transfer-Encoding in disguise. */
function disguised(...lines: string[]): string {
  return `${withFields(LENGTH, ...lines)}0\r\n\r\n${HIDDEN}`;
}

/** The same disguise where there is no other length. */
function alone(...lines: string[]): string {
  return `${withFields(...lines)}0\r\n\r\n${HIDDEN}`;
}

const lengths: readonly Malformed[] = [
  ...refusals('desync-cl-cl: CL.CL: two lengths, of which each server takes another one.', 400, {
    'the shorter first': `${withFields('Content-Length: 0', LENGTH)}${HIDDEN}`,
    'the longer first': `${withFields(LENGTH, 'Content-Length: 0')}${HIDDEN}`,
    'in one line': `${withFields(`Content-Length: 0, ${HIDDEN.length}`)}${HIDDEN}`,
    'other fields between them': `${withFields('Content-Length: 0', 'X: y', LENGTH)}${HIDDEN}`,
  }),
  ...refusals('desync-cl-te: CL.TE: the front takes the length, the origin the chunks.', 400, {
    'the usual': `${withFields(`Content-Length: ${HIDDEN.length + 5}`, 'Transfer-Encoding: chunked')}0\r\n\r\n${HIDDEN}`,
    'in a GET': `GET / HTTP/1.1\r\n${HOST}Content-Length: ${HIDDEN.length + 5}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${HIDDEN}`,
    'a length that is invalid': `${withFields('Content-Length: x', 'Transfer-Encoding: chunked')}0\r\n\r\n${HIDDEN}`,
  }),
  ...refusals('desync-te-cl: TE.CL: the front takes the chunks, the origin the length.', 400, {
    'the usual': `${withFields('Transfer-Encoding: chunked', 'Content-Length: 4')}${chunk(HIDDEN)}0\r\n\r\n`,
    'a length of 0': `${withFields('Transfer-Encoding: chunked', 'Content-Length: 0')}${chunk(HIDDEN)}0\r\n\r\n`,
  }),
  ...refusals('desync-cl-odd: A length that some take for a number, and others do not.', 400, {
    'a plus': `${withFields(`Content-Length: +${HIDDEN.length}`)}${HIDDEN}`,
    'a minus': `${withFields(`Content-Length: -${HIDDEN.length}`)}${HIDDEN}`,
    hexadecimal: `${withFields(`Content-Length: 0x${HIDDEN.length.toString(16)}`)}${HIDDEN}`,
    'an exponent': `${withFields('Content-Length: 1e1')}${HIDDEN}`,
    'a fraction': `${withFields(`Content-Length: ${HIDDEN.length}.0`)}${HIDDEN}`,
    'an underscore': `${withFields('Content-Length: 3_6')}${HIDDEN}`,
    'a space within': `${withFields('Content-Length: 3 6')}${HIDDEN}`,
    'a letter behind': `${withFields(`Content-Length: ${HIDDEN.length}x`)}${HIDDEN}`,
    'a vertical tab behind': `${withFields(`${LENGTH}\x0b`)}${HIDDEN}`,
    'a NUL behind': `${withFields(`${LENGTH}\0`)}${HIDDEN}`,
    quotes: `${withFields(`Content-Length: "${HIDDEN.length}"`)}${HIDDEN}`,
    nothing: `${withFields('Content-Length:')}${HIDDEN}`,
    'a trailing comma': `${withFields(`${LENGTH},`)}${HIDDEN}`,
  }),
  ...refusals('desync-cl-name: A spelling of Content-Length that some take for the field.', 400, {
    'a space before the colon': `${withFields(`Content-Length : ${HIDDEN.length}`)}${HIDDEN}`,
    'a tab before the colon': `${withFields(`Content-Length\t: ${HIDDEN.length}`)}${HIDDEN}`,
    'a NUL before the colon': `${withFields(`Content-Length\0: ${HIDDEN.length}`)}${HIDDEN}`,
    'a CR before the colon': `${withFields(`Content-Length\r: ${HIDDEN.length}`)}${HIDDEN}`,
    'a space for the dash': `${withFields(`Content Length: ${HIDDEN.length}`)}${HIDDEN}`,
    'a soft hyphen for the dash': `${withFields(`Content\xadLength: ${HIDDEN.length}`)}${HIDDEN}`,
    'a blank before it': `POST / HTTP/1.1\r\n Content-Length: ${HIDDEN.length}\r\n${HOST}\r\n${HIDDEN}`,
    'folded into another line': `${withFields('X: y', ` ${LENGTH}`)}${HIDDEN}`,
    'the value folded': `${withFields('Content-Length:', ` ${HIDDEN.length}`)}${HIDDEN}`,
    'behind a bare LF': `${withFields(`X: y\n${LENGTH}`)}${HIDDEN}`,
    'behind a bare CR': `${withFields(`X: y\r${LENGTH}`)}${HIDDEN}`,
  }),
];

const otherCoding = 'desync-te-te-coding: TE.TE: an unknown coding before chunked, which some ignore.';

const codings: readonly Malformed[] = [
  ...refusals(
    'desync-te-te: TE.TE: a Transfer-Encoding in disguise, beside a length that holds for the other server.',
    400,
    {
      'a space before the colon': disguised('Transfer-Encoding : chunked'),
      'a tab before the colon': disguised('Transfer-Encoding\t: chunked'),
      'a NUL before the colon': disguised('Transfer-Encoding\0: chunked'),
      'a vertical tab before the value': disguised('Transfer-Encoding:\x0bchunked'),
      'a form feed before the value': disguised('Transfer-Encoding:\x0cchunked'),
      'a no-break space before the value': disguised('Transfer-Encoding:\xa0chunked'),
      'a vertical tab behind the value': disguised('Transfer-Encoding: chunked\x0b'),
      'a NUL behind the value': disguised('Transfer-Encoding: chunked\0'),
      'a tab behind the value': disguised('Transfer-Encoding: chunked\t'),
      'a tab before the value': disguised('Transfer-Encoding:\tchunked'),
      'no blank before the value': disguised('Transfer-Encoding:chunked'),
      capitals: disguised('TRANSFER-ENCODING: CHUNKED'),
      'a letter before it': disguised('Transfer-Encoding: xchunked'),
      'a letter behind it': disguised('Transfer-Encoding: chunkedx'),
      'a letter too few': disguised('Transfer-Encoding: chunke'),
      'another word before it': disguised('Transfer-Encoding: x chunked'),
      'another coding behind it': disguised('Transfer-Encoding: chunked, identity'),
      'a comma behind it': disguised('Transfer-Encoding: chunked,'),
      'a comma before it': disguised('Transfer-Encoding: ,chunked'),
      'a parameter': disguised('Transfer-Encoding: chunked;x=y'),
      quotes: disguised('Transfer-Encoding: "chunked"'),
      'single quotes': disguised("Transfer-Encoding: 'chunked'"),
      'two lines, the second one unknown': disguised('Transfer-Encoding: chunked', 'Transfer-encoding: x'),
      'two lines, the first one unknown': disguised('Transfer-Encoding: x', 'Transfer-Encoding: chunked'),
      'two lines, the first one empty': disguised('Transfer-Encoding:', 'Transfer-Encoding: chunked'),
      folded: disguised('Transfer-Encoding:', ' chunked'),
      'folded with a tab': disguised('Transfer-Encoding:', '\tchunked'),
      'folded into another line': disguised('X: y', ' Transfer-Encoding: chunked'),
      'behind a bare LF': disguised('X: y\nTransfer-Encoding: chunked'),
      'behind a bare CR': disguised('X: y\rTransfer-Encoding: chunked'),
      'a bare LF before the value': disguised('Transfer-Encoding:\n chunked'),
      'a bare LF behind it': disguised('Transfer-Encoding: chunked\n'),
      'a bare CR within': disguised('Transfer-Encoding: chun\rked'),
      'a blank before the name': `POST / HTTP/1.1\r\n Transfer-Encoding: chunked\r\n${HOST}${LENGTH}\r\n\r\n0\r\n\r\n${HIDDEN}`,
      'a Kelvin sign': disguised('Transfer-Encoding: chun\xe2\x84\xaaed'),
    },
  ),
  ...refusals('desync-te-alone: A Transfer-Encoding that is none of the known ones, and no length.', 400, {
    'a letter before it': alone('Transfer-Encoding: xchunked'),
    'a vertical tab before it': alone('Transfer-Encoding:\x0bchunked'),
    'a no-break space before it': alone('Transfer-Encoding: \xa0chunked'),
    'a tab behind it': alone('Transfer-Encoding: chunked\t'),
    'a tab and a space behind it': alone('Transfer-Encoding: chunked\t '),
    'a space before the colon': alone('Transfer-Encoding : chunked'),
    quotes: alone('Transfer-Encoding: "chunked"'),
    'an empty line beside it': alone('Transfer-Encoding: chunked', 'Transfer-Encoding:'),
    'an empty line before it': alone('Transfer-Encoding:', 'Transfer-Encoding: chunked'),
    'a Kelvin sign': alone('Transfer-Encoding: chun\xe2\x84\xaaed'),
    'a space for the dash': alone('Transfer Encoding: chunked'),
  }),
  ...refusals(otherCoding, 400, {
    'beside a length': disguised('Transfer-Encoding: cow, chunked', 'Transfer-Encoding: chunked'),
    'behind it': alone('Transfer-Encoding: chunked, cow'),
  }),
  ...refusals(otherCoding, 501, {
    'before it': alone('Transfer-Encoding: cow, chunked'),
    identity: alone('Transfer-Encoding: identity, chunked'),
  }),
  ...refusals(
    'desync-te-1-0: Transfer-Encoding in HTTP/1.0, where an old server sees another length or none.',
    400,
    {
      alone: `POST / HTTP/1.0\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n${HIDDEN}`,
      'beside a length': `POST / HTTP/1.0\r\n${HOST}Transfer-Encoding: chunked\r\n${LENGTH}\r\n\r\n0\r\n\r\n${HIDDEN}`,
    },
  ),
];

const chunkTricks: readonly Malformed[] = [
  ...refusedChunks(
    'desync-term-ext: TERM.EXT and EXT.TERM: a bare line end in a chunk extension, which only one server takes for the end.',
    400,
    {
      'LF behind the semicolon': `2;\nxx\r\n${HIDDEN.length.toString(16)}\r\n0\r\n\r\n${HIDDEN}\r\n0\r\n\r\n`,
      'CR behind the semicolon': `2;\rxx\r\n${HIDDEN.length.toString(16)}\r\n0\r\n\r\n${HIDDEN}\r\n0\r\n\r\n`,
      'LF behind a name': `2;a\nxx\r\n0\r\n\r\n${HIDDEN}`,
      'LF in a value': `2;a=b\nxx\r\n0\r\n\r\n${HIDDEN}`,
      'LF in quotes': `2;a="\n0\n\n${HIDDEN}"\r\nxx\r\n0\r\n\r\n`,
      'in the last chunk': `0;\n\r\n\r\n${HIDDEN}`,
    },
  ),
  ...refusedChunks(
    'desync-spill: TERM.SPILL and SPILL.TERM: a chunk whose data end one octet before or behind its CRLF.',
    400,
    {
      'one octet for CRLF': `5\r\nAAAAAX2\r\nxx\r\n0\r\n\r\n${HIDDEN}`,
      'two octets for CRLF': `5\r\nAAAAAXX2\r\nxx\r\n0\r\n\r\n${HIDDEN}`,
      'CR and another octet': `5\r\nAAAAA\rX2\r\nxx\r\n0\r\n\r\n${HIDDEN}`,
      'nothing for CRLF': `5\r\nAAAAA0\r\n\r\n${HIDDEN}`,
      'a line more': `5\r\nAAAAA\r\n\r\n0\r\n\r\n${HIDDEN}`,
    },
  ),
  ...refusedChunks('desync-one-two: ONE.TWO and TWO.ONE: one octet or two for a line end in chunks.', 400, {
    'LF behind the size': `2\nxx\n0\n\n${HIDDEN}`,
    'LF behind the data': `2\r\nxx\n0\r\n\r\n${HIDDEN}`,
    'CR behind the size': `2\rxx\r0\r\r${HIDDEN}`,
    'LF at the end': `0\r\n\n${HIDDEN}`,
    'LF LF at the end': `0\n\n${HIDDEN}`,
  }),
  ...refusedChunks('desync-chunk-size: A size that each server reads as another number.', 400, {
    '0x': `0x24\r\n${HIDDEN}\r\n0\r\n\r\n`,
    'an underscore': `2_4\r\n${HIDDEN}\r\n0\r\n\r\n`,
    'a plus': `+24\r\n${HIDDEN}\r\n0\r\n\r\n`,
    'a minus': `-24\r\n${HIDDEN}\r\n0\r\n\r\n`,
    'a space before': ` 24\r\n${HIDDEN}\r\n0\r\n\r\n`,
    'a space behind': `24 \r\n${HIDDEN}\r\n0\r\n\r\n`,
    'a space within': `2 4\r\n${HIDDEN}\r\n0\r\n\r\n`,
    'no hexadecimal digit behind': `0z\r\n\r\n${HIDDEN}`,
    'beyond 2^64, where it would be 0': `10000000000000000\r\n\r\n${HIDDEN}`,
    'far beyond 2^64': `f${'0'.repeat(31)}24\r\n${HIDDEN}\r\n0\r\n\r\n`,
    empty: `\r\n\r\n${HIDDEN}`,
    quotes: `"24"\r\n${HIDDEN}\r\n0\r\n\r\n`,
  }),
  ...refusedChunks(
    'desync-trailers: Trailers that another server takes for fields of the head, or of the next request.',
    400,
    {
      'Content-Length': `0\r\n${LENGTH}\r\n\r\n${HIDDEN}`,
      'Transfer-Encoding': `0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${HIDDEN}`,
      Host: `0\r\nHost: b\r\n\r\n${HIDDEN}`,
      'a request line': `0\r\n${HIDDEN}`,
      'a request behind a bare LF': `0\r\nX: y\n\n${HIDDEN}`,
      'a request behind a folded line': `0\r\nX: y\r\n ${HIDDEN}`,
    },
  ),
];

const heads: readonly Malformed[] = [
  ...refusals('desync-line-end: A line end that only one server takes for one.', 400, {
    'a bare CR before a field': `GET / HTTP/1.1\r\n${HOST}X: y\r${LENGTH}\r\n\r\n${HIDDEN}`,
    'a bare LF before a field': `GET / HTTP/1.1\r\n${HOST}X: y\n${LENGTH}\r\n\r\n${HIDDEN}`,
    'a bare CR before a request': `GET / HTTP/1.1\r\n${HOST}X: y\r\r${HIDDEN}`,
    'bare LFs before a request': `GET / HTTP/1.1\r\n${HOST}X: y\n\n${HIDDEN}`,
    'LF CR': `GET / HTTP/1.1\r\n${HOST}X: y\n\r\n\r${HIDDEN}`,
    'CR CR LF': `GET / HTTP/1.1\r\r\n${HOST}\r\n`,
    'a next line of Unicode': `GET / HTTP/1.1\r\n${HOST}X\x85${LENGTH}\r\n\r\n${HIDDEN}`,
  }),
  ...refusals('desync-fold: A folded line, which some join and others take for a field.', 400, {
    'that looks like a length': `${withFields('X: y', ` ${LENGTH}`)}${HIDDEN}`,
    'behind Host': `GET / HTTP/1.1\r\n${HOST} b\r\n\r\n`,
    'a line of blanks': `${withFields('X: y', ' \t ')}${HIDDEN}`,
  }),
  ...refusals('desync-nul: NUL, which ends a text in C and nowhere else.', 400, {
    'in a name': `${withFields(`Content-Length\0: ${HIDDEN.length}`)}${HIDDEN}`,
    'in a value': `${withFields(`${LENGTH}\0`)}${HIDDEN}`,
    'in Host': 'GET / HTTP/1.1\r\nHost: a\0.b\r\n\r\n',
    'in the target': `GET /a\0 HTTP/1.1\r\n${HOST}\r\n`,
    'in the method': `GET\0 / HTTP/1.1\r\n${HOST}\r\n`,
    'in the version': `GET / HTTP/1.1\0\r\n${HOST}\r\n`,
  }),
  ...refusals('desync-host: Two hosts, of which the front routes by one and the origin by the other.', 400, {
    'two lines': `GET / HTTP/1.1\r\n${HOST}Host: b\r\n\r\n`,
    'a list': 'GET / HTTP/1.1\r\nHost: a, b\r\n\r\n',
    'a space before the colon of one': `GET / HTTP/1.1\r\n${HOST}Host : b\r\n\r\n`,
    'a blank before one': `GET / HTTP/1.1\r\n Host: b\r\n${HOST}\r\n`,
    folded: 'GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n',
    'a port that is a host': 'GET / HTTP/1.1\r\nHost: a:80@b\r\n\r\n',
    'a host behind a slash': 'GET / HTTP/1.1\r\nHost: a/b\r\n\r\n',
    'absolute-form': `GET http://b/ HTTP/1.1\r\n${HOST}\r\n`,
    'absolute-form with user information': 'GET http://a@b/ HTTP/1.1\r\nHost: b\r\n\r\n',
    'absolute-form with a backslash': `GET http://b\\@a/ HTTP/1.1\r\n${HOST}\r\n`,
  }),
  ...refusals('desync-http-0-9: A request of HTTP/0.9, whose answer would have no head.', 505, {
    'with an empty line': `GET /\r\n\r\n${HIDDEN}`,
    'written out': `GET / HTTP/0.9\r\n\r\n${HIDDEN}`,
    'with fields': `GET /\r\n${HOST}\r\n${HIDDEN}`,
    'with a version in the target': `GET /%20HTTP/1.1\r\n${HOST}\r\n`,
  }),
  ...refusals('desync-http-0-9: A request of HTTP/0.9, whose answer would have no head.', 400, {
    'with a version of no digits': `GET / HTTP/\r\n${HOST}\r\n`,
  }),
  ...refusals('desync-request-line: A request line that has other parts for each server.', 400, {
    'a space in the target': `GET /a HTTP/1.1 HTTP/1.1\r\n${HOST}\r\n`,
    'a tab for a space': `GET\t/\tHTTP/1.1\r\n${HOST}\r\n`,
    'a bare CR in the target': `GET /\r${HOST} HTTP/1.1\r\n${HOST}\r\n`,
    'an octet of two lines': `GET /\x0a${HOST}\r\n\r\n`,
  }),
  ...refusals('desync-h2: HTTP/2 where nobody has agreed on it.', 505, {
    'its preface': `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${HIDDEN}`,
    'its version': `GET / HTTP/2.0\r\n${HOST}\r\n${HIDDEN}`,
  }),
];

export const desync: readonly Malformed[] = [...lengths, ...codings, ...chunkTricks, ...heads];
