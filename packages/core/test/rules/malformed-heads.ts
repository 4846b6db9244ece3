// Heads that are refused: line ends, request lines, targets, Host and field lines.

import { each, HOST, type Malformed, refusals, withFields } from './malformed.ts';

export const lineEnds: readonly Malformed[] = [
  ...refusals('9112-2.2-b: A bare LF may be taken for a line end.', 400, {
    'behind the request line': `GET / HTTP/1.1\n${HOST}\r\n`,
    'behind a field': `GET / HTTP/1.1\r\n${HOST}X: 1\nY: 2\r\n\r\n`,
    'behind an empty field': `GET / HTTP/1.1\r\n${HOST}X:\nY: 2\r\n\r\n`,
    'at the end of the head': `GET / HTTP/1.1\r\n${HOST}\nx`,
    'before the request line': `\nGET / HTTP/1.1\r\n${HOST}\r\n`,
    'two before the request line': `\n\nGET / HTTP/1.1\r\n${HOST}\r\n`,
    'and CR, before the request line': `\n\rGET / HTTP/1.1\r\n${HOST}\r\n`,
    everywhere: 'GET / HTTP/1.1\nHost: a\n\n',
  }),
  ...refusals('9112-2.2-c: A CR that no LF follows makes invalid what it is in.', 400, {
    'behind the request line': `GET / HTTP/1.1\r${HOST}\r\n`,
    'two behind the request line': `GET / HTTP/1.1\r\r\n${HOST}\r\n`,
    'in the target': `GET /\r HTTP/1.1\r\n${HOST}\r\n`,
    'in a field name': `GET / HTTP/1.1\r\n${HOST}X\rY: 1\r\n\r\n`,
    'in a field value': `GET / HTTP/1.1\r\n${HOST}X: 1\r2\r\n\r\n`,
    'at the start of a field value': `GET / HTTP/1.1\r\n${HOST}X:\r2\r\n\r\n`,
    'two behind a field value': `GET / HTTP/1.1\r\n${HOST}X: 1\r\r\n\r\n`,
    'at the end of the head': `GET / HTTP/1.1\r\n${HOST}\rx`,
    'before the request line': `\rGET / HTTP/1.1\r\n${HOST}\r\n`,
    'two before the request line': `\r\rGET / HTTP/1.1\r\n${HOST}\r\n`,
    everywhere: 'GET / HTTP/1.1\rHost: a\r\r',
  }),
  ...refusals('9112-2.2-f: Blanks between the request line and the first field are refused.', 400, {
    'before the first field': `GET / HTTP/1.1\r\n ${HOST}\r\n`,
    'a tab before the first field': `GET / HTTP/1.1\r\n\t${HOST}\r\n`,
    'in place of the first field': `GET / HTTP/1.1\r\n \r\n${HOST}\r\n`,
  }),
  ...refusals('9112-2.2-g: What does not match the grammar is answered 400, and the connection ends.', 400, {
    'a NUL': `\0GET / HTTP/1.1\r\n${HOST}\r\n`,
    'a TLS hello': '\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03',
    'a header of the PROXY protocol that nobody has asked for': '\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c',
    JSON: '{"jsonrpc": "2.0"}\r\n\r\n',
  }),
];

export const requestLines: readonly Malformed[] = [
  ...refusals(
    '9112-3-a: Other blanks than one space may be taken between the parts of a request line.',
    400,
    {
      'two spaces before the target': `GET  / HTTP/1.1\r\n${HOST}\r\n`,
      'two spaces before the version': `GET /  HTTP/1.1\r\n${HOST}\r\n`,
      'a space before the method': ` GET / HTTP/1.1\r\n${HOST}\r\n`,
      'a space behind the version': `GET / HTTP/1.1 \r\n${HOST}\r\n`,
      'a tab before the target': `GET\t/ HTTP/1.1\r\n${HOST}\r\n`,
      'a tab before the version': `GET /\tHTTP/1.1\r\n${HOST}\r\n`,
      'a vertical tab before the version': `GET /\x0bHTTP/1.1\r\n${HOST}\r\n`,
      'a no-break space before the version': `GET /\xa0HTTP/1.1\r\n${HOST}\r\n`,
    },
  ),
  ...refusals('9112-3-b: A malformed request line is answered 400 and not repaired.', 400, {
    'a space in the target': `GET /a b HTTP/1.1\r\n${HOST}\r\n`,
    'no target': `GET HTTP/1.1\r\n${HOST}\r\n`,
    'an empty target': `GET  HTTP/1.1\r\n${HOST}\r\n`,
    'a method that is no token': `G(T / HTTP/1.1\r\n${HOST}\r\n`,
  }),
  ...refusals('9112-2.3-a: The version is `HTTP/`, a digit, a dot and a digit, in this case.', 400, {
    'in lower case': `GET / http/1.1\r\n${HOST}\r\n`,
    'without a dot': `GET / HTTP/11\r\n${HOST}\r\n`,
    'a comma for the dot': `GET / HTTP/1,1\r\n${HOST}\r\n`,
    'no number': `GET / HTTP/1.x\r\n${HOST}\r\n`,
    'two digits behind the dot': `GET / HTTP/1.10\r\n${HOST}\r\n`,
    'two digits before it': `GET / HTTP/01.1\r\n${HOST}\r\n`,
    'a sign': `GET / HTTP/+1.1\r\n${HOST}\r\n`,
    'another protocol': `GET / HTTQ/1.1\r\n${HOST}\r\n`,
    RTSP: `GET / RTSP/1.0\r\n${HOST}\r\n`,
    ICE: `SOURCE / ICE/1.0\r\n${HOST}\r\n`,
  }),
  ...refusals('9110-6.2-b: A higher minor version of 1 is read as 1.1.', 505, {
    // llhttp knows none, and nobody has ever spoken it: docs/http-rules.md says why this is not followed.
    'HTTP/1.2': `GET / HTTP/1.2\r\n${HOST}\r\n`,
    'HTTP/1.9': `GET / HTTP/1.9\r\n${HOST}\r\n`,
  }),
  ...refusals('9110-6.2-c: Another major version may be answered 505.', 505, {
    'HTTP/2.0 written out': `GET / HTTP/2.0\r\n${HOST}\r\n`,
    'HTTP/3.0': `GET / HTTP/3.0\r\n${HOST}\r\n`,
    'HTTP/0.9 written out': `GET / HTTP/0.9\r\n${HOST}\r\n`,
    'a request of HTTP/0.9, and an empty line': 'GET /\r\n\r\n',
    'the preface of HTTP/2': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  }),
  ...refusals('9112-3.1-a: The method is case-sensitive.', 501, {
    get: `get / HTTP/1.1\r\n${HOST}\r\n`,
    Post: `Post / HTTP/1.1\r\n${HOST}\r\n`,
  }),
  ...refusals('9110-9.1-b: A method that is not known is answered 501.', 501, {
    BREW: `BREW / HTTP/1.1\r\n${HOST}\r\n`,
    'a known one with more behind it': `GETS / HTTP/1.1\r\n${HOST}\r\n`,
    'the beginning of a known one': `GE / HTTP/1.1\r\n${HOST}\r\n`,
    'an answer': 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
    'a PROXY line that nobody has asked for': `PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\nGET / HTTP/1.1\r\n${HOST}\r\n`,
    'one of another protocol': `PLAY / HTTP/1.1\r\n${HOST}\r\n`,
  }),
  ...refusals('9112-3-c: A method longer than any that is known is answered 501.', 501, {
    'a hundred letters': `${'G'.repeat(100)} / HTTP/1.1\r\n${HOST}\r\n`,
  }),
];

export const targets: readonly Malformed[] = [
  ...refusals('9112-3.2-a: A target with octets that no URI may hold is answered 400.', 400, {
    'a control octet': `GET /\x01 HTTP/1.1\r\n${HOST}\r\n`,
    NUL: `GET /a\0b HTTP/1.1\r\n${HOST}\r\n`,
    DEL: `GET /\x7f HTTP/1.1\r\n${HOST}\r\n`,
    'an octet above 7F': `GET /\xe9 HTTP/1.1\r\n${HOST}\r\n`,
    'a quote': `GET /" HTTP/1.1\r\n${HOST}\r\n`,
    'an angle bracket': `GET /<x HTTP/1.1\r\n${HOST}\r\n`,
    'a backslash': `GET /\\x HTTP/1.1\r\n${HOST}\r\n`,
    'a fragment': `GET /#x HTTP/1.1\r\n${HOST}\r\n`,
    'a fragment behind the query': `GET /?a#x HTTP/1.1\r\n${HOST}\r\n`,
    'a control octet in the query': `GET /?a\x1f HTTP/1.1\r\n${HOST}\r\n`,
  }),
  ...refusals('9112-3.2.1-a: A target in origin-form is a path, with a slash, and a query.', 400, {
    'without a slash': `GET x HTTP/1.1\r\n${HOST}\r\n`,
    'a query only': `GET ?x HTTP/1.1\r\n${HOST}\r\n`,
  }),
  ...refusals('9110-4.2.1-a: An http target without a host is invalid.', 400, {
    'an empty authority': `GET http:///x HTTP/1.1\r\n${HOST}\r\n`,
    'a port without a host': `GET http://:80/ HTTP/1.1\r\n${HOST}\r\n`,
  }),
  ...refusals('9110-4.2.4-a: User information in a target is an error.', 400, {
    'a name': `GET http://u@a/ HTTP/1.1\r\n${HOST}\r\n`,
    'a name and a password': `GET http://u:p@a/ HTTP/1.1\r\n${HOST}\r\n`,
    'nothing before the sign': `GET http://@a/ HTTP/1.1\r\n${HOST}\r\n`,
  }),
  ...refusals('9112-3.2.2-c: An absolute-form that is no http URI is answered 400.', 400, {
    'a port that is no number': `GET http://a:x/ HTTP/1.1\r\n${HOST}\r\n`,
    'a port that is too large': `GET http://a:65536/ HTTP/1.1\r\n${HOST}\r\n`,
    'a fragment': `GET http://a/#x HTTP/1.1\r\n${HOST}\r\n`,
    'a control octet': `GET http://a/\x01 HTTP/1.1\r\n${HOST}\r\n`,
    'another scheme': `GET ftp://a/ HTTP/1.1\r\n${HOST}\r\n`,
    'a scheme without slashes': `GET http:a HTTP/1.1\r\n${HOST}\r\n`,
  }),
  ...refusals('9112-3.2.2-b: The authority of absolute-form takes the place of Host.', 400, {
    'another host': `GET http://b/ HTTP/1.1\r\n${HOST}\r\n`,
    'another port': 'GET http://a:81/ HTTP/1.1\r\nHost: a:80\r\n\r\n',
    'a port against none': 'GET http://a:8080/ HTTP/1.1\r\nHost: a\r\n\r\n',
    'none against a port': 'GET http://a/ HTTP/1.1\r\nHost: a:8080\r\n\r\n',
    'a name that begins alike': 'GET http://a.b/ HTTP/1.1\r\nHost: a\r\n\r\n',
    'a final dot': 'GET http://a./ HTTP/1.1\r\nHost: a\r\n\r\n',
    'another address': 'GET http://[::1]/ HTTP/1.1\r\nHost: [::2]\r\n\r\n',
    'HTTP/1.0': 'GET http://a/ HTTP/1.0\r\nHost: b\r\n\r\n',
  }),
  ...refusals('9112-3.2.3-a: Authority-form is for CONNECT, and CONNECT has no other.', 400, {
    'authority-form with GET': `GET a:80 HTTP/1.1\r\n${HOST}\r\n`,
    'CONNECT with origin-form': `CONNECT / HTTP/1.1\r\n${HOST}\r\n`,
    'CONNECT with absolute-form': `CONNECT http://a:80/ HTTP/1.1\r\n${HOST}\r\n`,
    'CONNECT with user information': `CONNECT u@a:80 HTTP/1.1\r\n${HOST}\r\n`,
  }),
  ...refusals('9110-9.3.6-a: CONNECT with an empty or invalid port is answered 400.', 400, {
    'no port': `CONNECT b HTTP/1.1\r\n${HOST}\r\n`,
    'an empty one': `CONNECT b: HTTP/1.1\r\n${HOST}\r\n`,
    'no number': `CONNECT b:x HTTP/1.1\r\n${HOST}\r\n`,
    'too large': `CONNECT b:65536 HTTP/1.1\r\n${HOST}\r\n`,
  }),
  ...refusals('9112-3.2.4-a: Asterisk-form is for OPTIONS.', 400, {
    'with GET': `GET * HTTP/1.1\r\n${HOST}\r\n`,
    'with more behind it': `OPTIONS *x HTTP/1.1\r\n${HOST}\r\n`,
    'with a query': `OPTIONS *?x HTTP/1.1\r\n${HOST}\r\n`,
  }),
  ...refusals('9110-7.4-a: An https target on an unencrypted connection is answered 421.', 421, {
    'absolute-form': `GET https://a/ HTTP/1.1\r\n${HOST}\r\n`,
    'in capitals': `GET HTTPS://A/ HTTP/1.1\r\n${HOST}\r\n`,
  }),
];

export const hosts: readonly Malformed[] = [
  ...refusals('9112-3.2-b: HTTP/1.1 without Host is answered 400.', 400, {
    GET: 'GET / HTTP/1.1\r\n\r\n',
    POST: 'POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n',
    OPTIONS: 'OPTIONS * HTTP/1.1\r\n\r\n',
    'with absolute-form': 'GET http://a/ HTTP/1.1\r\nX: y\r\n\r\n',
  }),
  ...refusals('9112-3.2-c: More than one Host line is answered 400.', 400, {
    'twice the same': `GET / HTTP/1.1\r\n${HOST}${HOST}\r\n`,
    'two that differ': `GET / HTTP/1.1\r\n${HOST}Host: b\r\n\r\n`,
    'in another case': `GET / HTTP/1.1\r\n${HOST}hOST: b\r\n\r\n`,
    'the second one empty': `GET / HTTP/1.1\r\n${HOST}host:\r\n\r\n`,
    'other fields between them': `GET / HTTP/1.1\r\n${HOST}X: 1\r\nY: 2\r\n${HOST}\r\n`,
    'HTTP/1.0': `GET / HTTP/1.0\r\n${HOST}${HOST}\r\n`,
    'with absolute-form': `GET http://a/ HTTP/1.1\r\n${HOST}${HOST}\r\n`,
  }),
  ...refusals(
    '9112-3.2-d: An invalid Host is answered 400.',
    400,
    each(
      [
        ...[
          '',
          ' ',
          'a b',
          'a,b',
          'a, a',
          'a/b',
          'a?b',
          'a#b',
          'u@a',
          'http://a',
          'a\\b',
          'a"b',
          'a<b',
          'a\tb',
        ],
        ...['\xe9', '%', '%4', '%zz', 'a%00', 'a:x', 'a:80:80', 'a:-1', 'a:+1', 'a:65536', 'a:000080', ':80'],
        ...[
          '::1',
          '[::1',
          '::1]',
          '[]',
          '[:]',
          '[::1]x',
          '[::1]:x',
          '[1::2::3]',
          '[1:2:3:4:5:6:7]',
          '[12345::]',
        ],
        ...[
          '[1:2:3:4:5:6:7:8:9]',
          '[1:2:3:4:5:6:7:8::]',
          '[1:2::3:4::5:6:7:8]',
          '[::1.2.3]',
          '[::1.2.3.256]',
        ],
        ...['[::g]', '[fe80::1%25eth0]', '[v1.a]', 'a:80 ,b', 'a;b c'],
      ],
      value => `GET / HTTP/1.1\r\nHost: ${value}\r\n\r\n`,
    ),
  ),
];

export const fields: readonly Malformed[] = [
  ...refusals('9112-5-a: A field line has a name, a colon and a value.', 400, {
    'no colon': withFields('X'),
    'an empty name': withFields(': 1'),
  }),
  ...refusals('9112-5.1-a: A blank between name and colon is refused.', 400, {
    'a space': withFields('X : 1'),
    'a tab': withFields('X\t: 1'),
    'before the colon of Host': `GET / HTTP/1.1\r\nHost : a\r\n\r\n`,
  }),
  ...refusals('9112-5.1-b: Blanks around a value are no part of it.', 400, {
    // llhttp takes a tab there for a part of the value, so two readers could disagree: this is refused, not repaired.
    'but a tab behind a length': withFields('Content-Length: 3\t'),
    'but a tab behind a coding': withFields('Transfer-Encoding: chunked\t'),
  }),
  ...refusals('9112-5.2-a: Folded lines are refused.', 400, {
    'with a space': withFields('X: 1', ' 2'),
    'with a tab': withFields('X: 1', '\t2'),
    'behind an empty value': withFields('X:', ' 2'),
    'at the end of the head': withFields('X: 1', ' '),
  }),
  ...refusals('9110-5.1-b: A field name is a token.', 400, {
    'a space': withFields('X Y: 1'),
    'a delimiter': withFields('X(Y: 1'),
    'a quote': withFields('"X": 1'),
    'a slash': withFields('X/Y: 1'),
    'an octet above 7F': withFields('X\xe9: 1'),
    'a control octet': withFields('X\x01: 1'),
    NUL: withFields('X\0: 1'),
  }),
  ...refusals('9110-5.5-a: NUL, CR and LF in a value are refused.', 400, {
    NUL: withFields('X: a\0b'),
    'NUL at the end': withFields('X: a\0'),
    CR: withFields('X: a\rb'),
    LF: withFields('X: a\nb'),
  }),
  ...refusals('9110-5.5-b: Other controls in a value may be kept.', 400, {
    'an information separator': withFields('X: a\x1fb'),
    'a vertical tab at its start': withFields('X:\x0b1'),
    'a form feed at its end': withFields('X: 1\x0c'),
    DEL: withFields('X: a\x7f'),
  }),
];
