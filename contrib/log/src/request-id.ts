// Request ids: taken from a header that is trusted, or made; the same in the environ, in the answer and in the log.

import { randomUUID } from 'node:crypto';
import type { Environ, StartResponse, Write } from '@fapws/core';
import { checkNames, shown } from './checks.ts';

/** Where applications find the id. */
export const requestIdKey = 'log.request_id';

/** How requests get their ids. */
export interface RequestIdOptions {
  /**
   * The header of requests and answers that has the id.
   *
   * @default 'X-Request-Id'
   */
  readonly header?: string | undefined;
  /**
   * Whether to take the id that a request brings with it, for requests of which it is true. Whoever is trusted can give any
   * number of requests the same id.
   *
   * @default false
   */
  readonly trust?: boolean | ((environ: Environ) => boolean) | undefined;
  /**
   * Makes an id: up to 128 letters, digits and `-_.:=+/@~`.
   *
   * @default crypto.randomUUID
   */
  readonly make?: (() => string) | undefined;
}

/** What may be an id: nothing that means something in a header, a log, a shell or a page. */
const shape = /^[A-Za-z0-9\-_.:=+/@~]{1,128}$/;

/** Gives a request its id. @returns the function to call the application with */
export type GiveId = (environ: Environ, startResponse: StartResponse) => StartResponse;

/**
 * @throws {RangeError} for a header that is no header name
 * @throws {TypeError} for an option that is of another kind
 */
export function requestIds(options: RequestIdOptions): GiveId {
  checkNames('requestId', options, ['header', 'trust', 'make']);
  const { header = 'X-Request-Id', trust = false, make = randomUUID } = options;
  if (typeof header !== 'string' || !/^[A-Za-z0-9-]+$/.test(header)) {
    throw new RangeError(
      `log: requestId.header: ${shown(header)} is no header name of letters, digits and dashes.`,
    );
  }
  if (typeof trust !== 'boolean' && typeof trust !== 'function') {
    throw new TypeError('log: requestId.trust is true, false or a function of the environ.');
  }
  if (typeof make !== 'function') throw new TypeError('log: requestId.make is a function.');
  const key = `HTTP_${header.toUpperCase().replaceAll('-', '_')}` as const;

  return (environ, startResponse) => {
    const brought = environ[key];
    const trusted =
      brought !== undefined && shape.test(brought) && (trust === true || (trust !== false && trust(environ)));
    const id = trusted ? brought : make();
    if (!trusted && (typeof id !== 'string' || !shape.test(id))) {
      throw new RangeError(`log: requestId.make has made ${shown(id)}, which is no id.`);
    }
    environ[requestIdKey] = id;
    // Whoever looks at the header finds the same id as everybody else.
    environ[key] = id;
    return withHeader(startResponse, header, id);
  };
}

/** The answer has the header, whatever the application does: begin anew, or never call startResponse. */
function withHeader(startResponse: StartResponse, name: string, value: string): StartResponse {
  const { response } = startResponse;
  const isOther = ([other]: readonly [string, string]): boolean => other.toLowerCase() !== name.toLowerCase();
  if (response === undefined) {
    return (status, headers, excInfo) =>
      startResponse(status, [...headers.filter(isOther), [name, value]], excInfo);
  }
  response.setHeader(name, value);
  const start = (...given: Parameters<StartResponse>): Write => {
    const write = startResponse(...given);
    response.setHeader(name, value);
    return write;
  };
  return Object.assign(start, { response });
}
