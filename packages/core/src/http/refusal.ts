// Why a request is refused before any application sees it. The sentence goes to the client as plain text: it helps whoever
// debugs the client, and tells nothing of the server.

export class Refusal {
  /** Status code and reason, e.g. `400 Bad Request`. */
  readonly status: string;
  readonly detail: string;

  constructor(status: string, detail: string) {
    this.status = status;
    this.detail = detail;
  }

  static readonly badRequest: Refusal = new Refusal('400 Bad Request', 'The request is malformed.');
  static readonly framing: Refusal = new Refusal('400 Bad Request', 'The content is not framed correctly.');
  static readonly extensionsTooLarge: Refusal = new Refusal(
    '400 Bad Request',
    'The chunk extensions are too large.',
  );
  static readonly trailer: Refusal = new Refusal(
    '400 Bad Request',
    'A trailer field says what only the head may say.',
  );
  static readonly target: Refusal = new Refusal('400 Bad Request', 'The request target is invalid.');
  static readonly host: Refusal = new Refusal(
    '400 Bad Request',
    'The Host field is missing, repeated or invalid.',
  );
  static readonly otherHost: Refusal = new Refusal(
    '400 Bad Request',
    'The Host field and the request target name different hosts.',
  );
  static readonly timeout: Refusal = new Refusal(
    '408 Request Timeout',
    'The request took too long to arrive.',
  );
  static readonly contentTooLarge: Refusal = new Refusal(
    '413 Content Too Large',
    'The content is too large.',
  );
  static readonly targetTooLong: Refusal = new Refusal('414 URI Too Long', 'The request line is too long.');
  static readonly misdirected: Refusal = new Refusal(
    '421 Misdirected Request',
    'This connection is not encrypted, so an https target does not belong here.',
  );
  static readonly fieldsTooLarge: Refusal = new Refusal(
    '431 Request Header Fields Too Large',
    'The header fields are too large or too many.',
  );
  static readonly method: Refusal = new Refusal('501 Not Implemented', 'The method is not implemented.');
  static readonly coding: Refusal = new Refusal(
    '501 Not Implemented',
    'The transfer coding is not implemented.',
  );
  static readonly version: Refusal = new Refusal(
    '505 HTTP Version Not Supported',
    'This server speaks HTTP/1.1 and HTTP/1.0.',
  );
  static readonly handlerTimeout: Refusal = new Refusal(
    '503 Service Unavailable',
    'The application took too long to answer.',
  );
  static readonly tooManyConnections: Refusal = new Refusal(
    '503 Service Unavailable',
    'There are too many connections. Try again later.',
  );
}
