// What must not stand in the server's log: errors of its own, as opposed to those that the applications throw on purpose.

/** @returns the first line that tells of such an error */
export function strangeIn(log: string): string | null {
  return /^.*(?:impossible|TypeError|RangeError|ReferenceError|AssertionError).*$/m.exec(log)?.[0] ?? null;
}
