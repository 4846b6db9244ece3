// What the user can put right: told in one line, without a stack.

/** A mistake in the command, its environment or its files. The exit code is 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';

  /**
   * @param what what is wrong, and where: a sentence
   * @param next what to do about it: a sentence
   * @param cause the error behind it
   */
  constructor(what: string, next = '', cause?: unknown) {
    super(next === '' ? what : `${what} ${next}`, cause === undefined ? undefined : { cause });
  }
}

/** The application's own code failed while it was loaded; the message has its traceback. */
export class LoadFailure extends Error {
  override readonly name = 'LoadFailure';
}

/** Exit codes, as a shell or a service manager sees them. */
export const exitCodes = {
  /** It ended as it was asked to. */
  fine: 0,
  /** The application, or this program, failed. */
  failed: 1,
  /** The command, its environment or its files are wrong. */
  usage: 2,
} as const;
