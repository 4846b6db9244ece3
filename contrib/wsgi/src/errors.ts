// What can go wrong with a worker.

export type WorkerErrorCode =
  /** Python could not be started, the application could not be loaded, or took too long to. */
  | 'FAPWS_WSGI_START'
  /** The process ended while requests waited for it. */
  | 'FAPWS_WSGI_EXITED'
  /** The application raised. */
  | 'FAPWS_WSGI_APPLICATION'
  /** The application gave nothing to a request for `requestTimeout`. */
  | 'FAPWS_WSGI_TIMEOUT'
  /** Too many requests were waiting, or this one has waited for too long. */
  | 'FAPWS_WSGI_QUEUE'
  /** `close()` was called. */
  | 'FAPWS_WSGI_CLOSED';

export class WorkerError extends Error {
  override readonly name = 'WorkerError';
  readonly code: WorkerErrorCode;

  constructor(code: WorkerErrorCode, message: string) {
    super(message);
    this.code = code;
    // Where this was made tells nobody anything: what counts happened in Python.
    this.stack = `${this.name} [${code}]: ${message}`;
  }
}
