// Checks of what a user hands over, so that a mistake is a clear error at once.

/** @throws {TypeError} for what is no object, {RangeError} for a name that is no option: a misspelt one would be ignored */
export function checkOptions(whose: string, given: unknown, known: readonly string[]): void {
  if (typeof given !== 'object' || given === null) {
    throw new TypeError(`${whose} is an object, not ${shown(given)}.`);
  }
  for (const name of Object.keys(given)) {
    if (known.includes(name)) continue;
    throw new RangeError(`${whose} has nothing called ${name}. There are: ${known.join(', ')}.`);
  }
}

/** @throws {RangeError} unless it is a whole number from 1 on, or Infinity */
export function wholeNumber(name: string, value: unknown): number {
  if (typeof value === 'number' && value >= 1 && (Number.isInteger(value) || value === Infinity))
    return value;
  throw new RangeError(`cgi: ${name} is a whole number from 1 on, or Infinity, not ${shown(value)}.`);
}

/** @throws {RangeError} unless it is a number above 0; Infinity is one */
export function seconds(name: string, value: unknown): number {
  if (typeof value === 'number' && value > 0) return value;
  throw new RangeError(`cgi: ${name} is a number of seconds above 0, or Infinity, not ${shown(value)}.`);
}

/** A value as a message names it: strings quoted and shortened, anything else by its kind. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value);
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return value === null || value === undefined ? String(value) : `a ${typeof value}`;
}
