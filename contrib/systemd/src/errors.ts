// Why the sockets that systemd handed over can't be used: one class, one code per reason.

export type ActivationErrorCode =
  | 'FAPWS_ACTIVATION_DESCRIPTOR'
  | 'FAPWS_ACTIVATION_LAUNCHER'
  | 'FAPWS_ACTIVATION_NAME'
  | 'FAPWS_ACTIVATION_VARIABLE';

/** Socket activation that can't work as it is set up. `message` says what, where and what to do. */
export class ActivationError extends Error {
  override readonly name: string = 'ActivationError';
  readonly code: ActivationErrorCode;

  constructor(code: ActivationErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}
