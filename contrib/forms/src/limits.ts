// How much of everything a form may have.

import { FormError } from './errors.ts';

/** Bounds of a form; beyond one of them the client gets 413. `Infinity` switches one off, 0 allows none. */
export interface FormLimits {
  /** Text fields. @default 1000 */
  readonly fields: number;
  /** Octets of a field's name, in UTF-8. @default 256 */
  readonly name: number;
  /** Octets of a text field's value. @default 1048576 (1 MiB) */
  readonly field: number;
  /** Octets of all names and values of text fields, which are in memory; an urlencoded form as it is sent. @default 4194304 (4 MiB) */
  readonly text: number;
  /** Files. @default 20 */
  readonly files: number;
  /** Octets of a file. @default 16777216 (16 MiB) */
  readonly file: number;
  /** Octets of the header lines of one part. @default 4096 */
  readonly head: number;
}

export const defaultFormLimits: FormLimits = {
  fields: 1000,
  name: 256,
  field: 1024 * 1024,
  text: 4 * 1024 * 1024,
  files: 20,
  file: 16 * 1024 * 1024,
  head: 4096,
};

const kinds: Record<keyof FormLimits, string> = {
  fields: 'fields',
  name: 'octets in the name of a field',
  field: 'octets in a field',
  text: 'octets in all fields',
  files: 'files',
  file: 'octets in a file',
  head: 'octets in the header of a part',
};

/** @throws {FormError} 413 when `amount` is more than the limit allows */
export function checkLimit(limits: FormLimits, limit: keyof FormLimits, amount: number): void {
  if (amount > limits[limit]) throw beyond(limits, limit);
}

export function beyond(limits: FormLimits, limit: keyof FormLimits): FormError {
  return new FormError('limit', `The form has more than ${limits[limit]} ${kinds[limit]}.`, limit);
}
