// How much a client may send, hold or delay: every bound of the server in one place, with its default.

/** Bounds on size and number. `Infinity` switches one off; that has to be asked for. */
export interface Limits {
  /** Octets of the request line; beyond it 414. @default 8192 */
  readonly requestLine: number;
  /** Octets of one field line; beyond it 431. @default 8192 */
  readonly field: number;
  /** Octets of the request line and the field lines together; beyond it 431. @default 16384 */
  readonly head: number;
  /** Number of field lines; beyond it 431. @default 100 */
  readonly fields: number;
  /** Octets of content; beyond it 413. @default 16777216 (16 MiB) */
  readonly content: number;
  /** Octets of unread content that are read and thrown away to keep a connection; more closes it. @default 65536 */
  readonly discard: number;
  /** Requests on one connection; the answer to the last one says `Connection: close`. @default Infinity */
  readonly requests: number;
}

/** Bounds on time, in seconds, observed with a precision of half a second. `Infinity` switches one off. */
export interface Timeouts {
  /** For the whole head, from its first octet; then 408. @default 10 */
  readonly head: number;
  /** Between two reads of content; then 408 and the end of the connection. @default 20 */
  readonly content: number;
  /**
   * Between two requests. Longer than the 60 s after which common load balancers drop an idle connection, so that it is
   * never this end that closes one which the balancer is about to use. @default 75
   */
  readonly idle: number;
  /** Between two writes that the client's slowness holds up; then the connection is cut. @default 30 */
  readonly write: number;
  /** For what the client still sends after the last answer. @default 5 */
  readonly linger: number;
}

export const defaultLimits: Limits = {
  requestLine: 8192,
  field: 8192,
  head: 16_384,
  fields: 100,
  content: 16_777_216,
  discard: 65_536,
  requests: Number.POSITIVE_INFINITY,
};

export const defaultTimeouts: Timeouts = {
  head: 10,
  content: 20,
  idle: 75,
  write: 30,
  linger: 5,
};
