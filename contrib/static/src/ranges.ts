// The Range field (RFC 9110 14.1.2, 14.2): from what a client asks for to octets of a file.

/** Octets from `start` up to and without `end`. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** More parts than any reader of documents or player asks for. A request with more of them is answered whole. */
const MOST_SPANS = 16;

/** What framing a part takes about; ranges that are nearer to each other than that are sent as one (RFC 9110 15.3.7.2). */
const PART_OVERHEAD = 80;

const spec = /^[ \t]*(?:(\d*)-(\d*))?[ \t]*$/;

/**
 * The parts that a Range field asks for.
 * @param size octets that there are
 * @returns undefined when the field is to be ignored: it is no byte range, not well-formed, or unreasonable;
 *   an empty list when there is nothing of what it asks for (416)
 */
export function spansOf(field: string, size: number): Span[] | undefined {
  const unit = /^bytes[ \t]*=/i.exec(field);
  if (unit === null) return undefined;
  const specs = field.slice(unit[0].length).split(',', 4 * MOST_SPANS + 1);
  if (specs.length > 4 * MOST_SPANS) return undefined;
  const spans: Span[] = [];
  let asked = 0;
  for (const text of specs) {
    const found = spec.exec(text);
    if (found === null) return undefined;
    const [, first, last] = found;
    // An empty element of the list.
    if (first === undefined || last === undefined) continue;
    if (first === '' && last === '') return undefined;
    asked += 1;
    if (first === '') {
      const length = Number(last);
      // Of nothing the end is all there is, but Content-Range can't say so.
      if (length > 0 && size === 0) return undefined;
      if (length > 0) spans.push({ start: Math.max(0, size - length), end: size });
      continue;
    }
    const start = Number(first);
    if (last !== '' && Number(last) < start) return undefined;
    if (start < size) spans.push({ start, end: last === '' ? size : Math.min(size, Number(last) + 1) });
  }
  if (asked === 0 || asked > MOST_SPANS) return undefined;
  return spans.length < 2 ? spans : coalesced(spans);
}

/** Joins what overlaps or nearly touches, so that nobody gets an octet twice; the order is that of the request. */
function coalesced(spans: readonly Span[]): Span[] {
  const byPlace = spans.map((span, order) => ({ ...span, order })).sort((a, b) => a.start - b.start);
  const joined: { start: number; end: number; order: number }[] = [];
  for (const span of byPlace) {
    const before = joined.at(-1);
    if (before !== undefined && span.start <= before.end + PART_OVERHEAD) {
      before.end = Math.max(before.end, span.end);
      before.order = Math.min(before.order, span.order);
    } else joined.push({ ...span });
  }
  return joined.sort((a, b) => a.order - b.order).map(({ start, end }) => ({ start, end }));
}

/** The value of Content-Range for a part. */
export function contentRange({ start, end }: Span, size: number): string {
  return `bytes ${start}-${end - 1}/${size}`;
}
