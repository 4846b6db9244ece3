// Query strings and urlencoded forms as Fapws3 gave them: every name with all its values.

/**
 * Takes apart `a=1&b=2&a=3`: `+` is a space, `%XX` is decoded as UTF-8, a name without `=` has an empty value.
 * @returns a record without a prototype, so that no name can mean anything but itself
 */
export function parseQuery(text: string): Record<string, string[]> {
  const parameters: Record<string, string[]> = Object.create(null) as Record<string, string[]>;
  if (text === '') return parameters;
  for (const [name, value] of new URLSearchParams(text)) {
    const values = parameters[name];
    if (values === undefined) parameters[name] = [value];
    else values.push(value);
  }
  return parameters;
}
