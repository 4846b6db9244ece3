// The middleware: decides whom to believe, puts what is told where an application looks for it, and takes out the rest.

import {
  type Application,
  type Endpoint,
  type Environ,
  type ErrorPage,
  type Middleware,
  plainErrorPage,
} from '@fapws/core';
import { type Host, parseHost, type Scheme } from './claimed.ts';
import { BelievableClaims, Claims, NoClaims } from './claims.ts';
import { checkOptionNames, shown } from './options.ts';
import { Refused } from './refused.ts';
import { type FieldName, fieldNames, Reading, type Telling } from './telling.ts';
import { type Trust, TrustList } from './trust.ts';

/** What {@link forwarded} can be told. */
export interface ForwardedOptions {
  /** The proxies that are believed: the peers of this server's connections, and the ones before them. There is no default. */
  readonly trust: Trust;
  /**
   * How many proxies stand in front, each adding the client that it had to the list. The client is then found by counting,
   * and `trust` is asked for the nearest proxy only.
   *
   * @default the client is the last address of the list that `trust` does not name
   */
  readonly hops?: number | undefined;
  /**
   * The fields that the front sets on every request, or removes. All others that make such claims are taken out: a client
   * may have written them.
   *
   * @default ['X-Forwarded-For', 'X-Forwarded-Proto']
   */
  readonly headers?: readonly FieldName[] | undefined;
  /** Names of further header fields that only your front may set, to be taken out unless the peer is trusted. @default [] */
  readonly strip?: readonly string[] | undefined;
  /** Makes the page for what is refused. @default the one of core: the status and a sentence */
  readonly errorPage?: ((status: string, detail: string) => ErrorPage) | undefined;
}

const optionNames: readonly (keyof ForwardedOptions)[] = ['trust', 'hops', 'headers', 'strip', 'errorPage'];

const badRequest = '400 Bad Request';

/**
 * Makes `REMOTE_ADDR`, `wsgi.url_scheme`, `HTTP_HOST` and `SCRIPT_NAME` what they were for the proxy that the client spoke
 * to, by `Forwarded` (RFC 7239) or `X-Forwarded-*` of peers that are trusted. From anybody else these fields are taken
 * out. What a trusted peer says and can't be is answered 400.
 *
 * @throws {RangeError} for an option that can't be
 */
export function forwarded(options: ForwardedOptions): Middleware {
  checkOptionNames('forwarded', options, optionNames);
  const {
    hops,
    headers = ['X-Forwarded-For', 'X-Forwarded-Proto'],
    strip = [],
    errorPage = plainErrorPage,
  } = options;
  const trust = new TrustList(options.trust, 'forwarded');
  checkHops(hops, trust);
  const believed = fieldsOf(headers);
  const claims = new Claims(
    [...believed].map(name => name.toLowerCase()),
    strip,
  );
  const reading = new Reading(believed, trust, hops);

  return (application: Application): Application =>
    (environ, startResponse) => {
      // HOT up to the first return: what a request without such fields costs.
      const found = claims.find(environ['fapws.raw_header']);
      if (found === NoClaims) return application(environ, startResponse);
      if (!trust.hasPeer(environ.REMOTE_ADDR)) {
        claims.strip(environ, true);
        return application(environ, startResponse);
      }
      if (found !== BelievableClaims) claims.strip(environ, false);
      try {
        apply(environ, reading.read(environ));
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        const page = errorPage(badRequest, error.message);
        startResponse(badRequest, page.headers);
        return page.content;
      }
      return application(environ, startResponse);
    };
}

/** HOT. Puts what is told where an application looks for it. All is checked by now, or is before the first change. */
function apply(environ: Environ, { client, scheme, host, port, prefix }: Telling): void {
  if (host !== undefined || port !== undefined)
    applyHost(environ, scheme ?? environ['wsgi.url_scheme'], host, port);
  if (scheme !== undefined) environ['wsgi.url_scheme'] = scheme;
  if (prefix !== undefined && prefix !== '') environ.SCRIPT_NAME = prefix + environ.SCRIPT_NAME;
  if (client === undefined) return;
  const peer: Endpoint = { address: environ.REMOTE_ADDR, port: Number(environ.REMOTE_PORT) };
  environ['forwarded.peer'] = peer;
  environ.REMOTE_ADDR = client.address;
  environ.REMOTE_PORT = client.port;
}

/** @throws {Refused} if two ports are told, or the port belongs to a host that is none */
function applyHost(environ: Environ, scheme: Scheme, told: Host | undefined, port: string | undefined): void {
  if (told !== undefined && told.port !== '' && port !== undefined && port !== told.port) {
    throw new Refused('X-Forwarded-Port is not the port that the host has.');
  }
  // The Host field itself, when only the port is told. It may end in a colon (RFC 3986 3.2.3).
  const { name, port: ownPort } = told ?? {
    ...parseHost((environ.HTTP_HOST ?? environ.SERVER_NAME).replace(/:$/, '')),
    port: '',
  };
  const usual = scheme === 'https' ? '443' : '80';
  const effective = port ?? (ownPort === '' ? usual : ownPort);
  environ.HTTP_HOST = effective === usual && ownPort === '' ? name : `${name}:${effective}`;
  environ.SERVER_NAME = name;
  environ.SERVER_PORT = effective;
}

function checkHops(hops: unknown, trust: TrustList): void {
  if (hops !== undefined && !(Number.isInteger(hops) && (hops as number) >= 1)) {
    throw new RangeError(
      `forwarded: hops is how many proxies stand in front, a whole number from 1 on, not ${shown(hops)}.`,
    );
  }
  if (hops === undefined && trust.everyone) {
    throw new RangeError(
      'forwarded: trust names all addresses there are, so anybody could claim anything. Name your proxies, or say with ' +
        'hops how many there are and let nobody but them reach this server.',
    );
  }
}

function fieldsOf(headers: readonly FieldName[]): ReadonlySet<FieldName> {
  const known = Array.isArray(headers) && headers.length > 0 ? headers : [undefined];
  return new Set(
    known.map(name => {
      const field = fieldNames.find(one => one.toLowerCase() === String(name).toLowerCase());
      if (field !== undefined) return field;
      throw new RangeError(
        `forwarded: headers lists the fields that the front sets, not ${shown(name ?? headers)}. There are: ${fieldNames.join(', ')}.`,
      );
    }),
  );
}
