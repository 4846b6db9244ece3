// Checks of what a user hands over, so that a mistake is a clear error at once.

/** @throws {RangeError} for a name that is no option: a misspelt one would be ignored otherwise */
export function checkOptionNames(whose: string, given: unknown, known: readonly string[]): void {
  if (typeof given !== 'object' || given === null) {
    throw new RangeError(`${whose} takes an object of options: ${whose}({ trust: ['loopback'] }).`);
  }
  for (const name of Object.keys(given)) {
    if (known.includes(name)) continue;
    throw new RangeError(`${whose} has no option called ${name}. There are: ${known.join(', ')}.`);
  }
}

/** A value as a message names it: strings quoted and shortened, anything else by its kind. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value);
  if (typeof value === 'number') return String(value);
  return value === null || value === undefined ? String(value) : `a ${typeof value}`;
}
