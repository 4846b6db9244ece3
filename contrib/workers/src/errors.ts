// Why workers can't be: one class, one code per reason.

export type WorkersErrorCode =
  /** The program is not there. */
  | 'FAPWS_WORKERS_PROGRAM'
  /** A worker ended, failed or took too long before it served. */
  | 'FAPWS_WORKERS_START'
  /** What is asked for can't be done now: the supervisor stops, or has never been started. */
  | 'FAPWS_WORKERS_STATE'
  /** This system or this Node can't hand sockets to other processes. */
  | 'FAPWS_WORKERS_PLATFORM';

/** `message` says what, where and what to do. */
export class WorkersError extends Error {
  override readonly name: string = 'WorkersError';
  readonly code: WorkersErrorCode;

  constructor(code: WorkersErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}
