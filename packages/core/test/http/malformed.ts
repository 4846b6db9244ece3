// Requests that are refused, each with its rule. Numbers are sections of RFC 9112, with an S of RFC 9110.

export interface Malformed {
  rule: string;
  octets: string;
  /** The refusal. */
  status: number;
  /** Whether an application is called before the fault can be seen: its content is at fault. */
  called?: true;
}

const HOST = 'Host: a\r\n';

function list(status: number, rows: Record<string, string>, called?: true): Malformed[] {
  return Object.entries(rows).map(([rule, octets]) => ({
    rule,
    octets,
    status,
    ...(called ? { called } : {}),
  }));
}

function withFields(...lines: string[]): string {
  return `POST / HTTP/1.1\r\n${HOST}${lines.join('\r\n')}\r\n\r\n`;
}

function chunked(content: string): string {
  return `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n${content}`;
}

export const lineEnds: Malformed[] = list(400, {
  '2.2 a bare CR after the request line': `GET / HTTP/1.1\r${HOST}\r\n`,
  '2.2 a bare LF after the request line': `GET / HTTP/1.1\n${HOST}\r\n`,
  '2.2 two CRs after the request line': `GET / HTTP/1.1\r\r\n${HOST}\r\n`,
  '2.2 a bare CR in the target': `GET /\r HTTP/1.1\r\n${HOST}\r\n`,
  '2.2 a bare CR in a field name': `GET / HTTP/1.1\r\n${HOST}X\rY: 1\r\n\r\n`,
  '2.2 a bare CR in a field value': `GET / HTTP/1.1\r\n${HOST}X: 1\r2\r\n\r\n`,
  '2.2 a bare CR at the start of a field value': `GET / HTTP/1.1\r\n${HOST}X:\r2\r\n\r\n`,
  '2.2 a bare LF after a field': `GET / HTTP/1.1\r\n${HOST}X: 1\nY: 2\r\n\r\n`,
  '2.2 a bare LF after an empty field': `GET / HTTP/1.1\r\n${HOST}X:\nY: 2\r\n\r\n`,
  '2.2 a bare LF at the end of the head': `GET / HTTP/1.1\r\n${HOST}\nx`,
  '2.2 a CR without LF at the end of the head': `GET / HTTP/1.1\r\n${HOST}\rx`,
  '2.2 whitespace before the first field': `GET / HTTP/1.1\r\n ${HOST}\r\n`,
  '2.2 whitespace in place of the first field': `GET / HTTP/1.1\r\n \r\n${HOST}\r\n`,
  '2.2 a bare CR before the request line': `\rGET / HTTP/1.1\r\n${HOST}\r\n`,
});

export const requestLines: Malformed[] = [
  ...list(400, {
    '3 two spaces before the target': `GET  / HTTP/1.1\r\n${HOST}\r\n`,
    '3 two spaces before the version': `GET /  HTTP/1.1\r\n${HOST}\r\n`,
    '3 a space before the method': ` GET / HTTP/1.1\r\n${HOST}\r\n`,
    '3 a space behind the version': `GET / HTTP/1.1 \r\n${HOST}\r\n`,
    '3 a tab before the target': `GET\t/ HTTP/1.1\r\n${HOST}\r\n`,
    '3 a tab before the version': `GET /\tHTTP/1.1\r\n${HOST}\r\n`,
    '3 a space in the target': `GET /a b HTTP/1.1\r\n${HOST}\r\n`,
    '3 no target': `GET HTTP/1.1\r\n${HOST}\r\n`,
    '3 a NUL': `\0GET / HTTP/1.1\r\n${HOST}\r\n`,
    '3 a method that is no token': `G(T / HTTP/1.1\r\n${HOST}\r\n`,
    '3 a TLS hello': '\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03',
    '2.3 the version in lower case': `GET / http/1.1\r\n${HOST}\r\n`,
    '2.3 a version without a dot': `GET / HTTP/11\r\n${HOST}\r\n`,
    '2.3 a version that is no number': `GET / HTTP/1.x\r\n${HOST}\r\n`,
    '2.3 a version with two digits': `GET / HTTP/1.10\r\n${HOST}\r\n`,
    '2.3 a version of another protocol': `GET / HTTQ/1.1\r\n${HOST}\r\n`,
    '2.3 RTSP': `GET / RTSP/1.0\r\n${HOST}\r\n`,
    '2.3 ICE': `SOURCE / ICE/1.0\r\n${HOST}\r\n`,
  }),
  ...list(505, {
    'S6.2 HTTP/2.0 written out': `GET / HTTP/2.0\r\n${HOST}\r\n`,
    // To be treated as 1.1 by the letter; llhttp knows none, and nobody has ever spoken it.
    'S6.2 HTTP/1.2': `GET / HTTP/1.2\r\n${HOST}\r\n`,
    'S6.2 HTTP/3.0': `GET / HTTP/3.0\r\n${HOST}\r\n`,
    'S6.2 HTTP/0.9 written out': `GET / HTTP/0.9\r\n${HOST}\r\n`,
    'S6.2 an HTTP/0.9 request, followed by an empty line': 'GET /\r\n\r\n',
    'S6.2 the preface of HTTP/2': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  }),
  ...list(501, {
    'S9.1 an unknown method': `BREW / HTTP/1.1\r\n${HOST}\r\n`,
    'S9.1 a method in lower case': `get / HTTP/1.1\r\n${HOST}\r\n`,
    'S9.1 a known method with more behind it': `GETS / HTTP/1.1\r\n${HOST}\r\n`,
    'S9.1 the beginning of a known method': `GE / HTTP/1.1\r\n${HOST}\r\n`,
    'S9.1 a method of another protocol': `PLAY / HTTP/1.1\r\n${HOST}\r\n`,
  }),
];

export const targets: Malformed[] = [
  ...list(400, {
    '3.2 a control octet': `GET /\x01 HTTP/1.1\r\n${HOST}\r\n`,
    '3.2 NUL': `GET /a\0b HTTP/1.1\r\n${HOST}\r\n`,
    '3.2 DEL': `GET /\x7f HTTP/1.1\r\n${HOST}\r\n`,
    '3.2 an octet above 7F': `GET /\xe9 HTTP/1.1\r\n${HOST}\r\n`,
    '3.2 a quote': `GET /" HTTP/1.1\r\n${HOST}\r\n`,
    '3.2 an angle bracket': `GET /<x HTTP/1.1\r\n${HOST}\r\n`,
    '3.2 a backslash': `GET /\\x HTTP/1.1\r\n${HOST}\r\n`,
    '3.2 a fragment': `GET /#x HTTP/1.1\r\n${HOST}\r\n`,
    '3.2 a fragment behind the query': `GET /?a#x HTTP/1.1\r\n${HOST}\r\n`,
    '3.2 a target without a slash': `GET x HTTP/1.1\r\n${HOST}\r\n`,
    '3.2 a query only': `GET ?x HTTP/1.1\r\n${HOST}\r\n`,
    '3.2.2 an empty authority': `GET http:///x HTTP/1.1\r\n${HOST}\r\n`,
    'S4.2.1 a port without a host': `GET http://:80/ HTTP/1.1\r\n${HOST}\r\n`,
    'S4.2.4 userinfo': `GET http://u@b/ HTTP/1.1\r\n${HOST}\r\n`,
    '3.2.2 a port that is no number': `GET http://b:x/ HTTP/1.1\r\n${HOST}\r\n`,
    '3.2.2 a port that is too large': `GET http://b:65536/ HTTP/1.1\r\n${HOST}\r\n`,
    '3.2.2 a fragment in absolute-form': `GET http://b/#x HTTP/1.1\r\n${HOST}\r\n`,
    '3.2.2 a foreign scheme': `GET ftp://b/ HTTP/1.1\r\n${HOST}\r\n`,
    '3.2.3 authority-form with another method than CONNECT': `GET b:80 HTTP/1.1\r\n${HOST}\r\n`,
    '3.2.3 CONNECT with origin-form': `CONNECT / HTTP/1.1\r\n${HOST}\r\n`,
    'S9.3.6 CONNECT without a port': `CONNECT b HTTP/1.1\r\n${HOST}\r\n`,
    'S9.3.6 CONNECT with an empty port': `CONNECT b: HTTP/1.1\r\n${HOST}\r\n`,
    'S9.3.6 CONNECT with a bad port': `CONNECT b:x HTTP/1.1\r\n${HOST}\r\n`,
    '3.2.4 an asterisk with another method than OPTIONS': `GET * HTTP/1.1\r\n${HOST}\r\n`,
    '3.2.4 an asterisk with more behind it': `OPTIONS *x HTTP/1.1\r\n${HOST}\r\n`,
  }),
  ...list(421, { 'S7.4 https on a plain connection': `GET https://a/ HTTP/1.1\r\n${HOST}\r\n` }),
];

export const hosts: Malformed[] = list(400, {
  '3.2 missing': 'GET / HTTP/1.1\r\n\r\n',
  '3.2 missing, in a POST': 'POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n',
  '3.2 missing, with absolute-form': 'GET http://a/ HTTP/1.1\r\nX: y\r\n\r\n',
  '3.2 twice the same': `GET / HTTP/1.1\r\n${HOST}${HOST}\r\n`,
  '3.2 twice, the second empty': `GET / HTTP/1.1\r\n${HOST}host:\r\n\r\n`,
  '3.2 twice in HTTP/1.0': `GET / HTTP/1.0\r\n${HOST}${HOST}\r\n`,
  ...Object.fromEntries(
    [
      '',
      ' ',
      'a b',
      'a,b',
      'a/b',
      'a?b',
      'a#b',
      'u@a',
      'http://a',
      'a\\b',
      'a"b',
      'a<b',
      '\xe9',
      '%',
      '%4',
      '%zz',
      'a%00',
      'a:x',
      'a:80:80',
      'a:-1',
      'a:+1',
      'a:65536',
      'a:000080',
      ':80',
      '::1',
      '[::1',
      '::1]',
      '[]',
      '[:]',
      '[::1]x',
      '[::1]:x',
      '[1::2::3]',
      '[1:2:3:4:5:6:7]',
      '[1:2:3:4:5:6:7:8:9]',
      '[1:2:3:4:5:6:7:8::]',
      '[1:2::3:4::5:6:7:8]',
      '[12345::]',
      '[::1.2.3]',
      '[::1.2.3.256]',
      '[::g]',
      '[fe80::1%25eth0]',
      'a\tb',
    ].map(value => [
      `3.2, S7.2 the value ${JSON.stringify(value)}`,
      `GET / HTTP/1.1\r\nHost: ${value}\r\n\r\n`,
    ]),
  ),
});

export const fields: Malformed[] = list(400, {
  '5.1 a space before the colon': withFields('X : 1'),
  '5.1 a tab before the colon': withFields('X\t: 1'),
  '5.1 a space before the colon of Content-Length': withFields('Content-Length : 1'),
  '5.1 a space before the colon of Transfer-Encoding': withFields('Transfer-Encoding : chunked'),
  '5.2 folding with a space': withFields('X: 1', ' 2'),
  '5.2 folding with a tab': withFields('X: 1', '\t2'),
  '5.2 folding behind an empty value': withFields('X:', ' 2'),
  '5.2 folding behind Transfer-Encoding': withFields('Transfer-Encoding:', ' chunked'),
  '5.2 folding at the end of the head': withFields('X: 1', ' '),
  'S5.1 no colon': withFields('X'),
  'S5.1 an empty name': withFields(': 1'),
  'S5.1 a name with a space': withFields('X Y: 1'),
  'S5.6.2 a name with a delimiter': withFields('X(Y: 1'),
  'S5.6.2 a name with a quote': withFields('"X": 1'),
  'S5.6.2 a name above 7F': withFields('X\xe9: 1'),
  'S5.6.2 a name with a control octet': withFields('X\x01: 1'),
  'S5.5 NUL in a value': withFields('X: a\0b'),
  'S5.5 a control octet in a value': withFields('X: a\x1fb'),
  'S5.5 a control octet at the start of a value': withFields('X:\x0b1'),
  'S5.5 DEL in a value': withFields('X: a\x7f'),
});

export const framing: Malformed[] = [
  ...list(400, {
    '6.3 chunked is not last': withFields('Transfer-Encoding: chunked, gzip'),
    '6.3 no chunked': withFields('Transfer-Encoding: gzip'),
    '6.1 identity, which is no more': withFields('Transfer-Encoding: identity'),
    '6.1 identity before chunked': withFields('Transfer-Encoding: chunked, identity'),
    '6.3 an empty Transfer-Encoding': withFields('Transfer-Encoding:'),
    '6.1 chunked twice': withFields('Transfer-Encoding: chunked, chunked'),
    '6.1 chunked in two lines': withFields('Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'),
    '6.1 chunked and an empty line': withFields('Transfer-Encoding: chunked', 'Transfer-Encoding:'),
    '6.1 an empty line and chunked': withFields('Transfer-Encoding:', 'Transfer-Encoding: chunked'),
    'S7.1 chunked with a parameter': withFields('Transfer-Encoding: chunked;a=b'),
    '6.1 chunked with something before it': withFields('Transfer-Encoding: xchunked'),
    '6.1 chunked with something behind it': withFields('Transfer-Encoding: chunkedx'),
    '6.1 a quoted chunked': withFields('Transfer-Encoding: "chunked"'),
    '6.1 chunked behind a vertical tab': withFields('Transfer-Encoding: \x0bchunked'),
    '6.1 chunked behind a no-break space': withFields('Transfer-Encoding: \xa0chunked'),
    // llhttp does not take the tab for blank; two that disagree on it must not both go on.
    '5.1 chunked before a tab': `${withFields('Transfer-Encoding: chunked\t')}0\r\n\r\n`,
    '5.1 chunked before a tab and a space': `${withFields('Transfer-Encoding: chunked\t ')}0\r\n\r\n`,
    '6.1 Transfer-Encoding before Content-Length': withFields(
      'Transfer-Encoding: chunked',
      'Content-Length: 3',
    ),
    '6.1 Content-Length before Transfer-Encoding': withFields(
      'Content-Length: 3',
      'Transfer-Encoding: chunked',
    ),
    '6.1 Content-Length: 0 and Transfer-Encoding': withFields(
      'Content-Length: 0',
      'Transfer-Encoding: chunked',
    ),
    '6.1 Transfer-Encoding in HTTP/1.0': `POST / HTTP/1.0\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    '6.3 two lengths that differ': withFields('Content-Length: 3', 'Content-Length: 4'),
    '6.3 two lengths that agree': withFields('Content-Length: 3', 'Content-Length: 3'),
    ...Object.fromEntries(
      [
        '',
        '3, 3',
        '3,4',
        '+3',
        '-3',
        '0x3',
        '3.0',
        '3e0',
        '3 3',
        '3a',
        'a',
        '3;',
        '"3"',
        '\xa03',
        '3\xa0',
        '٣',
      ].map(value => [
        `S8.6 the length ${JSON.stringify(value)}`,
        withFields(
          `Content-Length: ${Buffer.from(value, value === '٣' ? 'utf8' : 'latin1').toString('latin1')}`,
        ),
      ]),
    ),
  }),
  ...list(501, {
    '6.1 a coding that is not here': withFields('Transfer-Encoding: gzip, chunked'),
    '6.1 a coding that does not exist': withFields('Transfer-Encoding: Foo , Chunked'),
  }),
  ...list(413, {
    'S8.6, S17.5 a length beyond the limit': withFields('Content-Length: 16777217'),
    'S8.6, S17.5 a length beyond 2^53': withFields('Content-Length: 9007199254740993'),
    'S8.6, S17.5 a length beyond 2^64': withFields('Content-Length: 18446744073709551617'),
    'S8.6, S17.5 a length of a hundred digits': withFields(`Content-Length: ${'9'.repeat(100)}`),
  }),
];

export const chunks: Malformed[] = list(
  400,
  {
    '7.1 a size that is no number': chunked('x\r\n'),
    '7.1 no size': chunked('\r\nabc\r\n0\r\n\r\n'),
    '7.1 no size, but an extension': chunked(';a\r\n'),
    '7.1 a sign': chunked('+3\r\nabc\r\n0\r\n\r\n'),
    '7.1 a minus sign': chunked('-3\r\nabc\r\n0\r\n\r\n'),
    '7.1 a prefix': chunked('0x3\r\nabc\r\n0\r\n\r\n'),
    '7.1 an underscore': chunked('1_0\r\n'),
    '7.1 a space before the size': chunked(' 3\r\nabc\r\n0\r\n\r\n'),
    '7.1 a space behind the size': chunked('3 \r\nabc\r\n0\r\n\r\n'),
    '7.1 a tab behind the size': chunked('3\t\r\nabc\r\n0\r\n\r\n'),
    '7.1 a size of more than 64 bits': chunked('10000000000000000\r\n'),
    '7.1 a bare LF behind the size': chunked('3\nabc\r\n0\r\n\r\n'),
    '7.1 a bare CR behind the size': chunked('3\rabc\r\n0\r\n\r\n'),
    '7.1 no line end behind the data': chunked('3\r\nabc0\r\n\r\n'),
    '7.1 a bare LF behind the data': chunked('3\r\nabc\n0\r\n\r\n'),
    '7.1 a CR and something else behind the data': chunked('3\r\nabc\rX0\r\n\r\n'),
    '7.1 something else and LF behind the data': chunked('3\r\nabcX\n0\r\n\r\n'),
    '7.1 more data than its size': chunked('3\r\nabcd\r\n0\r\n\r\n'),
    '7.1 less data than its size': chunked('3\r\nab\r\n0\r\n\r\n'),
    '7.1.1 a bare LF in an extension': chunked('3;a\nb\r\nabc\r\n0\r\n\r\n'),
    '7.1.1 a bare CR in an extension': chunked('3;a\rb\r\nabc\r\n0\r\n\r\n'),
    '7.1.1 a line end in a quoted extension': chunked('3;a="b\r\nc"\r\nabc\r\n0\r\n\r\n'),
    '7.1.1 NUL in an extension': chunked('3;a\0\r\nabc\r\n0\r\n\r\n'),
    '7.1.2 a trailer with a space before the colon': chunked('0\r\nX : 1\r\n\r\n'),
    '7.1.2 a trailer without a colon': chunked('0\r\nX\r\n\r\n'),
    '7.1.2 a folded trailer': chunked('0\r\nX: 1\r\n 2\r\n\r\n'),
    '7.1.2 a control octet in a trailer': chunked('0\r\nX: \x01\r\n\r\n'),
    '7.1.2 a bare LF behind a trailer': chunked('0\r\nX: 1\n\r\n'),
    'S6.5.1 Content-Length in a trailer': chunked('0\r\nContent-Length: 9\r\n\r\n'),
    'S6.5.1 Transfer-Encoding in a trailer': chunked('0\r\nTransfer-Encoding: chunked\r\n\r\n'),
    '7.1 a bare LF at the end': chunked('0\r\n\nGET'),
    '7.1 no line end at the end': chunked('0\r\n\rX'),
  },
  true,
);

export const malformed: readonly Malformed[] = [
  ...lineEnds,
  ...requestLines,
  ...targets,
  ...hosts,
  ...fields,
  ...framing,
  ...chunks,
];
