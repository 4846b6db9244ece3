// The cookie: ids that a request brings, and lines that an answer sends (RFC 6265, and RFC 6265bis for prefixes).

import { checkOptions, oneOf, shown } from './checks.ts';
import { isId } from './record.ts';

/** How the cookie is sent. */
export interface SessionCookieOptions {
  /** @default 'session' */
  readonly name?: string | undefined;
  /**
   * Put before the name, where browsers take it for a promise: `__Host-` cookies are set by this host alone and over TLS, so
   * that no neighbouring subdomain can plant one. Switches `secure` on.
   *
   * @default ''
   */
  readonly prefix?: '' | '__Host-' | '__Secure-' | undefined;
  /** Sent over TLS only; `'auto'`: when `wsgi.url_scheme` is `https`. @default 'auto' */
  readonly secure?: boolean | 'auto' | undefined;
  /** Hidden from scripts. @default true */
  readonly httpOnly?: boolean | undefined;
  /** `'None'` needs `secure: true`. @default 'Lax' */
  readonly sameSite?: 'Strict' | 'Lax' | 'None' | undefined;
  /** @default '/' */
  readonly path?: string | undefined;
  /** Sent to the subdomains of this domain too. @default this host only */
  readonly domain?: string | undefined;
  /** Kept when the browser closes, up to the absolute limit of the session. @default false */
  readonly persistent?: boolean | undefined;
}

export const cookieOptionNames: readonly (keyof SessionCookieOptions)[] = [
  'name',
  'prefix',
  'secure',
  'httpOnly',
  'sameSite',
  'path',
  'domain',
  'persistent',
];

/** Ids of one request that are looked up at most: each is a question to the store, and a client may send hundreds. */
const MOST_IDS = 4;

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const attributeValue = /^[\x21-\x3a\x3c-\x7e]+$/;

export class SessionCookie {
  readonly name: string;
  readonly #secure: boolean | 'auto';
  readonly #persistent: boolean;
  /** The attributes that are always the same. */
  readonly #attributes: string;

  /** @throws {RangeError} for what a cookie can't be, or browsers would refuse */
  constructor(options: SessionCookieOptions) {
    checkOptions('sessions: cookie', options, cookieOptionNames);
    const { name = 'session', path = '/', domain } = options;
    const flag = (option: 'httpOnly' | 'persistent', usual: boolean): boolean =>
      oneOf('sessions: cookie', option, options[option] ?? usual, [true, false]);
    const prefix = oneOf('sessions: cookie', 'prefix', options.prefix ?? '', [
      '',
      '__Host-',
      '__Secure-',
    ] as const);
    const secure = oneOf('sessions: cookie', 'secure', options.secure ?? (prefix === '' ? 'auto' : true), [
      true,
      false,
      'auto',
    ] as const);
    const sameSite = oneOf('sessions: cookie', 'sameSite', options.sameSite ?? 'Lax', [
      'Strict',
      'Lax',
      'None',
    ] as const);
    if (typeof name !== 'string' || !token.test(name)) {
      throw new RangeError(`sessions: cookie.name is a cookie's name, not ${shown(name)}.`);
    }
    if (/^__(host|secure)-/i.test(name)) {
      throw new RangeError(`sessions: write the beginning of cookie.name ${shown(name)} as cookie.prefix.`);
    }
    if (typeof path !== 'string' || !path.startsWith('/') || !attributeValue.test(path)) {
      throw new RangeError(`sessions: cookie.path begins with a slash, unlike ${shown(path)}.`);
    }
    if (domain !== undefined && (typeof domain !== 'string' || !/^[A-Za-z0-9.-]+$/.test(domain))) {
      throw new RangeError(`sessions: cookie.domain is a domain's name, not ${shown(domain)}.`);
    }
    if (prefix !== '' && secure !== true) {
      throw new RangeError(`sessions: browsers refuse a ${prefix} cookie unless cookie.secure is true.`);
    }
    if (prefix === '__Host-' && (path !== '/' || domain !== undefined)) {
      throw new RangeError(
        'sessions: browsers refuse a __Host- cookie with another path than / or with a domain.',
      );
    }
    if (sameSite === 'None' && secure !== true) {
      throw new RangeError("sessions: browsers refuse cookie.sameSite 'None' unless cookie.secure is true.");
    }
    this.name = prefix + name;
    this.#secure = secure;
    this.#persistent = flag('persistent', false);
    this.#attributes =
      `; Path=${path}${domain === undefined ? '' : `; Domain=${domain}`}` +
      `${flag('httpOnly', true) ? '; HttpOnly' : ''}; SameSite=${sameSite}`;
  }

  /** The ids in a Cookie field. Several come from other paths or domains, or from somebody who plants one. */
  idsIn(field: string | undefined): string[] {
    if (field === undefined || !field.includes(this.name)) return [];
    const ids = new Set<string>();
    for (const pair of field.split(';')) {
      const equals = pair.indexOf('=');
      if (equals === -1 || pair.slice(0, equals).trim() !== this.name) continue;
      const value = pair.slice(equals + 1).trim();
      if (isId(value)) ids.add(value);
      if (ids.size === MOST_IDS) break;
    }
    return [...ids];
  }

  /** @param seconds until the session ends whatever happens */
  line(id: string, seconds: number, scheme: string): string {
    const age = this.#persistent ? `; Max-Age=${Math.ceil(seconds)}` : '';
    return `${this.name}=${id}${age}${this.#rest(scheme)}`;
  }

  /** Makes the browser forget the id. */
  deletion(scheme: string): string {
    return `${this.name}=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT${this.#rest(scheme)}`;
  }

  #rest(scheme: string): string {
    const secure = this.#secure === 'auto' ? scheme === 'https' : this.#secure;
    return secure ? `${this.#attributes}; Secure` : this.#attributes;
  }
}
