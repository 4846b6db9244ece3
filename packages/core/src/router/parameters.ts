// Types only: which parameters a path pattern has, read from the pattern's literal type. Must stay in step with
// pattern.ts, which reads the same patterns at registration.

/** The name of the parameter that one segment declares; `string` if the segment is not known at compile time. */
type SegmentParameter<Segment extends string> = string extends Segment
  ? string
  : Segment extends `:${infer Name}` | `*${infer Name}`
    ? Name
    : never;

/** The names of all parameters of a pattern, collected segment by segment (tail-recursive: depth is no concern). */
type ParameterNames<
  Pattern extends string,
  Names extends string = never,
> = Pattern extends `${infer Segment}/${infer Rest}`
  ? ParameterNames<Rest, Names | SegmentParameter<Segment>>
  : Names | SegmentParameter<Pattern>;

/**
 * The record of parameters of a pattern: `'/users/:id/files/*rest'` gives `{ id: string; rest: string }`.
 * A pattern that is only known as `string` gives `Record<string, string>`; a union of patterns gives a union.
 */
export type PathParameters<Pattern extends string> = Pattern extends unknown
  ? string extends Pattern
    ? Record<string, string>
    : { [Name in ParameterNames<Pattern>]: string }
  : never;
