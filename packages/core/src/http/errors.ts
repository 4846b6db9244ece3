// What can go wrong around one request, split by blame. Codes are stable; docs/errors.md lists them.

export type ContractErrorCode =
  | 'FAPWS_ANSWERED'
  | 'FAPWS_CHUNK'
  | 'FAPWS_CONTENT_LENGTH'
  | 'FAPWS_FILE'
  | 'FAPWS_HEADER'
  | 'FAPWS_HOP_BY_HOP'
  | 'FAPWS_NOT_STARTED'
  | 'FAPWS_RESULT'
  | 'FAPWS_STARTED_TWICE'
  | 'FAPWS_STATUS';

/** The application broke the contract (docs/contract.md). The client gets 500, or a cut connection if the head is out. */
export class ContractError extends Error {
  override readonly name: string = 'ContractError';
  readonly code: ContractErrorCode;

  constructor(code: ContractErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

export type RequestErrorCode =
  | 'FAPWS_CLIENT_GONE'
  | 'FAPWS_CONTENT_MALFORMED'
  | 'FAPWS_CONTENT_TIMEOUT'
  | 'FAPWS_CONTENT_TOO_LARGE'
  | 'FAPWS_HANDLER_TIMEOUT'
  | 'FAPWS_REQUEST_TIMEOUT'
  | 'FAPWS_WRITE_TIMEOUT';

/**
 * The client's request can't be read to its end: reading `wsgi.input` fails with it. An application that does not catch it
 * answers with `status`.
 */
export class RequestError extends Error {
  override readonly name: string = 'RequestError';
  readonly code: RequestErrorCode;
  /** Status code and reason. */
  readonly status: string;

  constructor(code: RequestErrorCode, status: string, message: string) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

/** @internal */
export function notStarted(): ContractError {
  return new ContractError(
    'FAPWS_NOT_STARTED',
    'Content was sent before startResponse(status, headers) was called.',
  );
}

/** @internal */
export function answered(): ContractError {
  return new ContractError(
    'FAPWS_ANSWERED',
    'The answer is complete, so what was left of the content has been thrown away. Read it before.',
  );
}

/** @internal */
export function clientGone(): RequestError {
  return new RequestError(
    'FAPWS_CLIENT_GONE',
    '400 Bad Request',
    'The client went away before its request was answered.',
  );
}

/** @internal A value as a message names it: strings quoted and shortened, anything else by its kind. Never throws. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value);
  return value === null || value === undefined ? String(value) : `a ${typeof value}`;
}
