// What all options have in common when they are checked.

import { inspect } from 'node:util';

/** A value as a message names it. */
export function shown(value: unknown): string {
  return inspect(value, { depth: 0, breakLength: Number.POSITIVE_INFINITY, maxStringLength: 80 });
}

/** @throws {RangeError} for an option that does not exist: a misspelt one would be ignored */
export function checkNames(where: string, options: unknown, names: readonly string[]): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new TypeError(`log: ${where} is an object of options.`);
  }
  for (const name of Object.keys(options)) {
    if (!names.includes(name)) {
      throw new RangeError(`log: ${where} has no option ${shown(name)}; it has ${names.join(', ')}.`);
    }
  }
}
