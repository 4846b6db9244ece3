// What can go wrong with a session, each with a stable code and a message that says what to do.

/** Which error it is. */
export type SessionErrorCode =
  /** Another request has changed the same value, or ended the session. */
  | 'FAPWS_SESSION_CONFLICT'
  /** A cookie would have to be sent, and the head of the answer is out. */
  | 'FAPWS_SESSION_LATE'
  /** There is no session in this environ. */
  | 'FAPWS_SESSION_MISSING'
  /** The store failed, or did not answer in time. */
  | 'FAPWS_SESSION_STORE'
  /** The data holds what JSON can't, or too much. */
  | 'FAPWS_SESSION_VALUE';

export class SessionError extends Error {
  override readonly name: string = 'SessionError';
  readonly code: SessionErrorCode;

  constructor(code: SessionErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Nothing of this request's changes was stored. What an application does not catch is answered 409. */
export class SessionConflict extends SessionError {
  override readonly name: string = 'SessionConflict';

  constructor(message: string) {
    super('FAPWS_SESSION_CONFLICT', message);
  }
}
