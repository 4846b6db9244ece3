// The one error that says that a form can't be read, by whose fault and with which status.

import { RequestError } from '@fapws/core';
import type { FormLimits } from './limits.ts';

/**
 * What is wrong with a form: it breaks its format, it ends too early, a limit is exceeded, its type or its character encoding
 * is none that is read here.
 */
export type FormErrorReason = 'malformed' | 'truncated' | 'limit' | 'type' | 'charset';

const statuses = {
  malformed: '400 Bad Request',
  truncated: '400 Bad Request',
  limit: '413 Content Too Large',
  type: '415 Unsupported Media Type',
  charset: '415 Unsupported Media Type',
} as const satisfies Record<FormErrorReason, string>;

/**
 * A form that can't be read, by the fault of the client. An application that does not catch it answers with `status`: 400,
 * 413 or 415. The message is for the client and shows nothing of the request.
 */
export class FormError extends RequestError {
  override readonly name: string = 'FormError';
  readonly reason: FormErrorReason;
  /** Which limit was exceeded, for the reason `limit`. */
  readonly limit: keyof FormLimits | null;

  constructor(
    reason: FormErrorReason,
    message: string,
    limit: keyof FormLimits | null = null,
    status?: string,
  ) {
    super(
      reason === 'limit' ? 'FAPWS_CONTENT_TOO_LARGE' : 'FAPWS_CONTENT_MALFORMED',
      status ?? statuses[reason],
      message,
    );
    this.reason = reason;
    this.limit = limit;
  }
}

/** The form breaks its format. */
export function malformed(message: string): FormError {
  return new FormError('malformed', message);
}
