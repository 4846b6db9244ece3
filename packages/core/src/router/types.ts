// The interface of the router room: what the server asks of any router. A router maps a path and a method to a value
// and knows nothing of applications, requests or sockets. `test/router.suite.ts` holds what every router must do.

/** Decoded path parameters by name, without a prototype: any name is harmless, also `__proto__`. */
export type Parameters = Readonly<Record<string, string>>;

/** A route or a mount takes the request. */
export interface Found<T> {
  /** `'route'`: one exact pattern, for some methods; `'mount'`: a prefix, for all methods. */
  readonly kind: 'route' | 'mount';
  /** What was registered. */
  readonly value: T;
  /** The mount's prefix, decoded, without a trailing slash; `''` for routes and the root mount. */
  readonly scriptName: string;
  /** The decoded rest of the path: `''` if the path is the prefix itself, else it begins with `/`. */
  readonly pathInfo: string;
  /** The parameters of a route; empty for mounts. */
  readonly params: Parameters;
}

/** Nothing is registered for the path: 404 (RFC 9110 15.5.5). */
export interface NotFound {
  readonly kind: 'not-found';
  /** The whole decoded path. */
  readonly pathInfo: string;
}

/** Routes match the path, but none has the method: 405, or the answer to OPTIONS (RFC 9110 9.3.7, 15.5.6). */
export interface MethodNotAllowed {
  readonly kind: 'method-not-allowed';
  /** The whole decoded path. */
  readonly pathInfo: string;
  /** The value of `Allow`: sorted, without duplicates, with the implied `HEAD` (where GET is) and `OPTIONS`. */
  readonly allow: readonly string[];
}

/** The path is broken or dangerous and must not be looked at any further: 400. */
export interface BadPath {
  readonly kind: 'bad-path';
}

export type Match<T> = Found<T> | NotFound | MethodNotAllowed | BadPath;

/** One registration, for those who print what is registered. */
export interface Link<T> {
  readonly kind: 'route' | 'mount';
  /** As given, or `['*']` for all methods. */
  readonly methods: readonly string[];
  /** A route's pattern as given; a mount's prefix without a trailing slash, `''` for the root. */
  readonly pattern: string;
  readonly value: T;
}

export interface Router<T> {
  /**
   * Gives all paths at and below `prefix`, for all methods, to `value`. The longest prefix wins; whole segments only:
   * `/api` takes `/api` and `/api/x`, not `/apix`. `''` and `/` take everything; another trailing slash is dropped.
   *
   * @param prefix written decoded: `/café`, not `/caf%C3%A9`
   * @throws RouteError (`FAPWS_ROUTE`) if the prefix is malformed or taken
   */
  mount(prefix: string, value: T): void;

  /**
   * Gives exactly the paths that match `pattern`, for `methods`, to `value`. Segments are static, `:name` (one
   * non-empty segment) or, last, `*name` (the rest, possibly empty). Static goes before `:name` before `*name`,
   * decided segment by segment from the left; routes go before mounts. GET answers HEAD unless HEAD has its own route.
   *
   * @param methods one method, several, or `'*'` for all those the pattern has no route of its own for
   * @param pattern written decoded; begins with `/`
   * @throws RouteError (`FAPWS_ROUTE`) if a method or the pattern is malformed, or the pair is taken
   */
  route(methods: string | readonly string[], pattern: string, value: T): void;

  /**
   * Looks up a request; never throws.
   *
   * @param method as received, case-sensitive
   * @param path the path of the target as received: percent-encoded, without the query; `''` means `/`
   */
  find(method: string, path: string): Match<T>;

  /** What is registered, in the order of registration. */
  links(): Iterable<Link<T>>;
}
