// What the trusted proxies tell of a request: found in the two families of fields, compared where both are there.

import type { Environ } from '@fapws/core';
import { type Host, parseHost, parsePort, parsePrefix, parseScheme, type Scheme } from './claimed.ts';
import { type ForwardedElement, parseForwarded } from './forwarded-field.ts';
import { type Node, parseForwardedNode, parseXForwardedNode } from './node.ts';
import { Refused } from './refused.ts';
import { type TrustList, unixClient } from './trust.ts';

/** The fields that can be believed, as they are written; all of them. */
export const fieldNames = [
  'Forwarded',
  'X-Forwarded-For',
  'X-Forwarded-Proto',
  'X-Forwarded-Host',
  'X-Forwarded-Port',
  'X-Forwarded-Prefix',
] as const;

/** A field by which a proxy tells about its client. */
export type FieldName = (typeof fieldNames)[number];

/** What is told of a request; undefined for what is not. */
export interface Telling {
  client: Node | undefined;
  scheme: Scheme | undefined;
  host: Host | undefined;
  port: string | undefined;
  prefix: string | undefined;
}

/** Reads what the believed fields say of the client that the outermost trusted proxy had. */
export class Reading {
  readonly #believed: ReadonlySet<string>;
  readonly #trust: TrustList;
  readonly #hops: number | undefined;

  constructor(believed: ReadonlySet<string>, trust: TrustList, hops: number | undefined) {
    this.#believed = believed;
    this.#trust = trust;
    this.#hops = hops;
  }

  /** HOT. @throws {Refused} */
  read(environ: Environ): Telling {
    const telling = this.#readXForwarded(environ);
    const forwarded = this.#field(environ, 'Forwarded', 'HTTP_FORWARDED');
    if (forwarded !== '') this.#addForwarded(telling, linesOf(environ, forwarded));
    return telling;
  }

  #readXForwarded(environ: Environ): Telling {
    const entries = entriesOf(this.#field(environ, 'X-Forwarded-For', 'HTTP_X_FORWARDED_FOR'));
    let client: Node | undefined;
    let proxies = this.#hops ?? 1;
    if (entries.length !== 0) {
      const at = this.#clientAt(entries.length, index => parseXForwardedNode(entries[index] as string));
      client = parseXForwardedNode(entries[at] as string);
      proxies = entries.length - at;
    }
    const scheme = this.#single(environ, 'X-Forwarded-Proto', 'HTTP_X_FORWARDED_PROTO', proxies);
    const host = this.#single(environ, 'X-Forwarded-Host', 'HTTP_X_FORWARDED_HOST', proxies);
    const port = this.#single(environ, 'X-Forwarded-Port', 'HTTP_X_FORWARDED_PORT', proxies);
    const prefix = this.#field(environ, 'X-Forwarded-Prefix', 'HTTP_X_FORWARDED_PREFIX');
    return {
      client,
      scheme: scheme === '' ? undefined : parseScheme(scheme),
      host: host === '' ? undefined : parseHost(host),
      port: port === '' ? undefined : parsePort(port),
      prefix: prefix === '' ? undefined : parsePrefix(prefix),
    };
  }

  #addForwarded(telling: Telling, lines: readonly string[]): void {
    const elements = parseForwarded(lines);
    if (elements.length === 0) return;
    const at = this.#clientAt(elements.length, index => nodeOf(elements[index] as ForwardedElement));
    const element = elements[at] as ForwardedElement;
    const client = nodeOf(element);
    const proto = element.get('proto');
    const host = element.get('host');
    if (client !== undefined) {
      agree(telling.client, client, (one, other) => one.address === other.address);
      // Of two that agree the one with a port says more.
      if (telling.client === undefined || telling.client.port === '') telling.client = client;
    }
    if (proto !== undefined) {
      const scheme = parseScheme(proto);
      agree(telling.scheme, scheme, (one, other) => one === other);
      telling.scheme = scheme;
    }
    if (host !== undefined) {
      const parsed = parseHost(host);
      agree(telling.host, parsed, isSameHost);
      telling.host = parsed;
    }
  }

  /**
   * HOT. The place of the client in a list to which each proxy has added the client that it had.
   * @param nodeAt reads an entry; entries further to the left than needed are anybody's word and are not read
   * @throws {Refused}
   */
  #clientAt(length: number, nodeAt: (index: number) => Node | undefined): number {
    if (this.#hops !== undefined) {
      if (length >= this.#hops) return length - this.#hops;
      throw new Refused(
        'The request has come through fewer proxies than there are in front: it went around one of them, or one does not ' +
          'add itself to the list of clients.',
      );
    }
    let at = length - 1;
    while (at > 0 && this.#isProxy(nodeAt(at))) at -= 1;
    return at;
  }

  #isProxy(node: Node | undefined): boolean {
    if (node === undefined) return false;
    return node.ip === null ? this.#trust.hasUnix && node.address === unixClient : this.#trust.has(node.ip);
  }

  /** HOT. A believed field's value; empty if there is none. */
  #field(environ: Environ, name: FieldName, key: `HTTP_${string}`): string {
    return this.#believed.has(name) ? (environ[key] ?? '') : '';
  }

  /**
   * HOT. The entry that the outermost trusted proxy has written. One value is that of whichever proxy set it, and equal ones
   * are one value; one value for each trusted proxy means that each has added its own.
   * @param proxies how many trusted proxies the request came through
   * @throws {Refused} for any other number: nobody can tell who wrote what
   */
  #single(environ: Environ, name: FieldName, key: `HTTP_${string}`, proxies: number): string {
    const value = this.#field(environ, name, key);
    if (!value.includes(',')) return value;
    const entries = entriesOf(value);
    const [first = ''] = entries;
    if (entries.length === proxies || entries.every(entry => entry === first)) return first;
    throw new Refused(`${name} has several values, and it can't be told which proxy has set which.`);
  }
}

/** HOT. RFC 9110 5.6.1: members of a list without the blanks around them; empty ones are skipped. */
function entriesOf(value: string): string[] {
  if (value === '') return [];
  if (!value.includes(',')) return [value];
  return value
    .split(',')
    .map(entry => entry.replace(/^[\t ]+/, '').replace(/[\t ]+$/, ''))
    .filter(entry => entry !== '');
}

function nodeOf(element: ForwardedElement): Node | undefined {
  const node = element.get('for');
  return node === undefined ? undefined : parseForwardedNode(node);
}

/** The lines of `Forwarded`: an environ joins them, which is not to be undone once there are quotes. */
function linesOf(environ: Environ, value: string): string[] {
  const lines = environ['fapws.headers'] as [string, string][] | undefined;
  if (!value.includes('"') || !Array.isArray(lines)) return [value];
  const values = lines.filter(([name]) => name.toLowerCase() === 'forwarded').map(([, line]) => line);
  // A middleware further out may have put another value in its place.
  return values.join(', ') === value ? values : [value];
}

function isSameHost(one: Host, other: Host): boolean {
  return one.name.toLowerCase() === other.name.toLowerCase() && one.port === other.port;
}

/** @throws {Refused} if both are there and differ */
function agree<T>(one: T | undefined, other: T, same: (one: T, other: T) => boolean): void {
  if (one === undefined || same(one, other)) return;
  throw new Refused('Forwarded and X-Forwarded-* contradict each other.');
}
