// The head of an answer as a worker sends it: status, name, value, name, value …, each on a line of its own. Python has
// checked that no line feed is in any of them; core checks it again.

import type { Header } from '@fapws/core';

export interface Head {
  readonly status: string;
  readonly headers: Header[];
}

/** An application says the same things again and again. All are forgotten when there are too many. */
const known = new Map<string, Head>();
const MOST_KNOWN = 1024;
const LONGEST_KNOWN = 2048;

/** HOT. */
export function headOf(text: string): Head {
  return known.get(text) ?? parse(text);
}

function parse(text: string): Head {
  const lines = text.split('\n');
  const head = { status: lines[0] as string, headers: headersOf(lines, 1) };
  if (text.length <= LONGEST_KNOWN) {
    if (known.size >= MOST_KNOWN) known.clear();
    known.set(text, head);
  }
  return head;
}

/** The headers in lines of name, value, name, value …. */
export function headersOf(lines: readonly string[], from: number): Header[] {
  const headers: Header[] = [];
  for (let at = from; at + 1 < lines.length; at += 2)
    headers.push([lines[at] as string, lines[at + 1] as string]);
  return headers;
}
