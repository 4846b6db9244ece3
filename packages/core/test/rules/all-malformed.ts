// All requests that are refused, for those who deliver them: refused.test.ts over sockets, and the tests of src/http without any,
// cut at every place.

import { desync } from './desync.ts';
import type { Malformed } from './malformed.ts';
import { chunks, framing } from './malformed-content.ts';
import { fields, hosts, lineEnds, requestLines, targets } from './malformed-heads.ts';

export const groups: readonly (readonly [name: string, rules: readonly Malformed[]])[] = [
  ['line ends', lineEnds],
  ['the request line', requestLines],
  ['the target', targets],
  ['Host', hosts],
  ['field lines', fields],
  ['framing', framing],
  ['chunks', chunks],
  ['techniques', desync],
];

export const malformed: readonly Malformed[] = groups.flatMap(([, rules]) => rules);
