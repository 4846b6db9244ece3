// Header values of the shape `value; name=token; other="quoted"`, as Content-Type and Content-Disposition have it in forms.

export interface Parameterised {
  /** In lower case. */
  readonly value: string;
  /** By their names in lower case. */
  readonly parameters: ReadonlyMap<string, string>;
}

const first = /[ \t]*([!#$%&'*+\-.^_`|~0-9A-Za-z/]+)/y;
/**
 * In forms a backslash is a character like any other, and a quote ends the value: the HTML standard has browsers write
 * quotes in names as %22. To take `\"` for a quote, too, would let two readers see different names.
 */
const following =
  /[ \t]*;[ \t]*(?:([!#$%&'*+\-.^_`|~0-9A-Za-z]+)=(?:"([^"]*)"|([!#$%&'*+\-.^_`|~0-9A-Za-z]*)))?/y;
const rest = /[ \t]*$/y;

/** @returns null for what is no such value, or has a parameter twice */
export function parseParameterised(text: string): Parameterised | null {
  first.lastIndex = 0;
  const value = first.exec(text)?.[1];
  if (value === undefined) return null;
  const parameters = new Map<string, string>();
  let at = first.lastIndex;
  for (;;) {
    rest.lastIndex = at;
    if (rest.test(text)) return { value: value.toLowerCase(), parameters };
    following.lastIndex = at;
    const found = following.exec(text);
    if (found === null) return null;
    at = following.lastIndex;
    const [, name, quoted, token] = found;
    if (name === undefined) continue;
    const key = name.toLowerCase();
    if (parameters.has(key)) return null;
    parameters.set(key, quoted ?? (token as string));
  }
}
