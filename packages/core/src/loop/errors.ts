// Why a server could not start to listen: one class, one code per reason, one sentence on what to do.

export type ListenErrorCode =
  | 'FAPWS_LISTEN_ADDRESS'
  | 'FAPWS_LISTEN_BUSY'
  | 'FAPWS_LISTEN_FAILED'
  | 'FAPWS_LISTEN_FD'
  | 'FAPWS_LISTEN_PERMISSION'
  | 'FAPWS_LISTEN_RESOLVE'
  | 'FAPWS_LISTEN_REUSE_PORT'
  | 'FAPWS_LOOP_UNAVAILABLE';

/**
 * A start that failed. `message` says what, where and what to do; `cause` is the system's own error where it can say more.
 * A program that does not catch it ends with status 1 and this one line: where in here it was noticed would tell nobody anything.
 */
export class ListenError extends Error {
  override readonly name: string = 'ListenError';
  readonly #code: ListenErrorCode;

  constructor(code: ListenErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.#code = code;
    this.stack = `${this.name} [${code}]: ${message}`;
  }

  // No property of its own, which Node would print in lines of their own.
  get code(): ListenErrorCode {
    return this.#code;
  }
}
