// The one error of the router room. It is thrown while the application is put together, never while a request is
// answered: `find` does not throw.

/** A prefix, pattern or method that cannot be registered. The message says what, where and what to do. */
export class RouteError extends Error {
  override readonly name = 'RouteError';
  readonly code = 'FAPWS_ROUTE';
}
