// How much a client may send, hold or delay: every bound of the server in one place, with its default.

/** Bounds on size and number. `Infinity` switches one off; that has to be asked for. */
export interface Limits {
  /** Octets of the request line; beyond it 414. @default 8192 */
  readonly requestLine: number;
  /** Octets of one field line, in the head or behind the content; beyond it 431. @default 8192 */
  readonly field: number;
  /** Octets of the request line and the field lines together, and of all trailer lines; beyond it 431. @default 16384 */
  readonly head: number;
  /** Number of field lines, and of trailer lines; beyond it 431. @default 100 */
  readonly fields: number;
  /** Octets of the chunk extensions of one request; beyond it 400. @default 4096 */
  readonly chunkExtensions: number;
  /** Octets of content; beyond it 413. A mount or a route may have a limit of its own. @default 16777216 (16 MiB) */
  readonly content: number;
  /**
   * Octets of content per second that a client must bring on average, once the first `timeouts.content` seconds are over and
   * not counting the time in which the application does not read; below it 408. 0 switches it off. @default 1000
   */
  readonly contentRate: number;
  /** Octets of unread content that are read and thrown away to keep a connection; more closes it. @default 65536 */
  readonly discard: number;
  /**
   * Octets that are thrown away after the last answer, so that the client can read it: a proxy that still sends an upload does
   * not look for its 413 before. @default 16777216 (16 MiB)
   */
  readonly linger: number;
  /** Requests on one connection; the answer to the last one says `Connection: close`. @default Infinity */
  readonly requests: number;
  /** Open connections; further ones get 503. @default 16384 */
  readonly connections: number;
  /**
   * Open connections of one client address (of one /64 network for IPv6), unix sockets not counted; further ones get 503. Behind
   * a proxy this is the proxy's address, unless it speaks the PROXY protocol. @default 4096
   */
  readonly connectionsPerAddress: number;
  /** Octets that may come before the first request, where `preface` expects some; beyond it the end. @default 4096 */
  readonly preface: number;
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
  /**
   * For the application to begin its answer, from the end of the request on or while it does not read its content; then 503,
   * and `fapws.signal` fires. A mount or a route may have a timeout of its own. @default Infinity
   */
  readonly handler: number;
  /** For a whole request, from its first octet until its answer is complete; then it is cut. @default Infinity */
  readonly request: number;
}

export const defaultLimits: Limits = {
  requestLine: 8192,
  field: 8192,
  head: 16_384,
  fields: 100,
  chunkExtensions: 4096,
  content: 16_777_216,
  contentRate: 1000,
  discard: 65_536,
  linger: 16_777_216,
  requests: Number.POSITIVE_INFINITY,
  connections: 16_384,
  connectionsPerAddress: 4096,
  preface: 4096,
};

export const defaultTimeouts: Timeouts = {
  head: 10,
  content: 20,
  idle: 75,
  write: 30,
  linger: 5,
  handler: Number.POSITIVE_INFINITY,
  request: Number.POSITIVE_INFINITY,
};
