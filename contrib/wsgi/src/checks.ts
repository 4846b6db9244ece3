// Checks that several kinds of options need.

/** @throws {RangeError} @param most Infinity where that may be said, for "never" or "no limit" */
export function checkNumber(name: string, value: number, least: number, most: number, whole: boolean): void {
  const isFree = value === Number.POSITIVE_INFINITY && most === value;
  if (
    typeof value === 'number' &&
    value >= least &&
    value <= most &&
    (isFree || !whole || Number.isInteger(value))
  ) {
    return;
  }
  const kind = whole ? 'a whole number' : 'a number';
  const range = most === Number.POSITIVE_INFINITY ? `${least} on, or Infinity` : `${least} to ${most}`;
  throw new RangeError(`${name} is ${String(value)}. It has to be ${kind} from ${range}.`);
}

/** @throws {RangeError} for a key that is none of `known` */
export function checkKeys(name: string, value: object, known: readonly string[]): void {
  const unknown = Object.keys(value).find(key => !known.includes(key));
  if (unknown !== undefined) {
    throw new RangeError(`There is no option of ${name} called ${unknown}. There are: ${known.join(', ')}.`);
  }
}
