// Requests that are refused: rule by rule, in every spelling that is known to have fooled somebody. The tables are in
// malformed-heads.ts, malformed-content.ts and desync.ts; this is what they have in common.

export interface Malformed {
  /** The rule as docs/http-rules.md has it, and in parentheses what is tried. */
  readonly title: string;
  readonly octets: string;
  /** The refusal. */
  readonly status: number;
  /** Whether an application is called before the fault can be seen: its content is at fault. */
  readonly called: boolean;
}

export const HOST = 'Host: a\r\n';

/** @param cases what is tried, and the octets */
export function refusals(rule: string, status: number, cases: Readonly<Record<string, string>>): Malformed[] {
  return Object.entries(cases).map(([tried, octets]) => ({
    title: `${rule} (${tried})`,
    octets,
    status,
    called: false,
  }));
}

/** As `refusals`, for faults that show only when an application has begun to read. @param cases the content in chunks */
export function refusedChunks(
  rule: string,
  status: number,
  cases: Readonly<Record<string, string>>,
): Malformed[] {
  return Object.entries(cases).map(([tried, content]) => ({
    title: `${rule} (${tried})`,
    octets: chunked(content),
    status,
    called: true,
  }));
}

export function withFields(...lines: string[]): string {
  return `POST / HTTP/1.1\r\n${HOST}${lines.join('\r\n')}\r\n\r\n`;
}

export function chunked(content: string): string {
  return `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n${content}`;
}

/** Names each value by how it is written. */
export function each(values: readonly string[], request: (value: string) => string): Record<string, string> {
  return Object.fromEntries(values.map(value => [JSON.stringify(value), request(value)]));
}
