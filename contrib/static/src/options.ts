// What staticFiles can be told, checked at once, so that a mistake is a clear error at the start and not a wrong answer later.

import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Application, type ErrorPage, type Headers, plainErrorPage } from '@fapws/core';

/** A content coding that a file may lie beside its plain form in. */
export type Coding = 'br' | 'zstd' | 'gzip';

/** What of a file decides its headers. */
export interface ServedFile {
  /** The path under the root, e.g. `/images/logo.svg`; of a directory's index the index. */
  readonly path: string;
  /** Its Content-Type. */
  readonly type: string;
  /** Octets of what is sent: of the precompressed file if that is sent. */
  readonly size: number;
  /** When it was changed. */
  readonly modified: Date;
  /** In which coding it is sent, if it is a precompressed sibling. */
  readonly coding: Coding | undefined;
}

/** Bounds of the memory cache. */
export interface CacheOptions {
  /** Octets of content that are kept at most. @default 67108864, 64 MiB */
  readonly bytes?: number | undefined;
  /** Files larger than this are not kept but streamed. @default 1048576, 1 MiB */
  readonly fileBytes?: number | undefined;
  /** Paths that are remembered at most, with or without content. @default 4096 */
  readonly entries?: number | undefined;
  /** How old what is served can be, in seconds, before the file is looked at again. 0 looks on each request. @default 1 */
  readonly seconds?: number | undefined;
}

export interface StaticOptions {
  /** The file that a directory is answered with; `false` for none. @default 'index.html' */
  readonly index?: string | false | undefined;
  /** Whether a directory that is asked for without its slash is redirected to where it has one. @default true */
  readonly redirect?: boolean | undefined;
  /** Whether a directory without an index is listed. @default false */
  readonly listing?: boolean | undefined;
  /**
   * Names that begin with a dot: `hide` acts as if they were not there, `deny` answers 403, `allow` serves them.
   * `/.well-known/` is served in any case (RFC 8615).
   *
   * @default 'hide'
   */
  readonly dotfiles?: 'hide' | 'deny' | 'allow' | undefined;
  /**
   * Symbolic links: `inside` follows those that stay within the root, `anywhere` all, `none` not even one.
   *
   * @default 'inside'
   */
  readonly symlinks?: 'inside' | 'anywhere' | 'none' | undefined;
  /** The application that is called when there is no such file, or the method is another one. @default 404 and 405 */
  readonly fallthrough?: Application | undefined;
  /**
   * For single-page applications: the file that answers paths which lead to no file and whose last segment has no dot.
   * `true` is the index.
   *
   * @default false
   */
  readonly spa?: boolean | string | undefined;
  /**
   * Codings in which siblings are looked for (`app.js.br`, `.zst`, `.gz`), the preferred one first. `true` is all.
   *
   * @default false
   */
  readonly precompressed?: boolean | readonly Coding[] | undefined;
  /** @default 'strong' */
  readonly etag?: 'strong' | 'weak' | false | undefined;
  /** Whether answers have Last-Modified. @default true */
  readonly lastModified?: boolean | undefined;
  /** Whether parts can be asked for. @default true */
  readonly ranges?: boolean | undefined;
  /** How long a cache may use an answer without asking again, in seconds; `false` for no Cache-Control. @default 0, which is `no-cache` */
  readonly maxAge?: number | false | undefined;
  /** Paths whose content never changes, as those with a hash in their name: they may be used for a year. @default none */
  readonly immutable?: RegExp | ((path: string) => boolean) | undefined;
  /**
   * More headers for a file, or others: one of the same name replaces that of staticFiles. Called when the file is looked at, not
   * for each request.
   */
  readonly headers?: ((file: ServedFile) => Headers) | undefined;
  /** Types by extension, before those of mime-types: `{ '.map': 'application/json' }`. @default {} */
  readonly types?: Readonly<Record<string, string>> | undefined;
  /** The memory cache; `false` for none. */
  readonly cache?: CacheOptions | false | undefined;
  /** Makes the page for what is refused. @default the one of core: the status and a sentence */
  readonly errorPage?: ((status: string, detail: string) => ErrorPage) | undefined;
}

/** Options with nothing left open. */
export interface Settings {
  /** An absolute path without a slash at its end, unless it is the file system's root. */
  readonly root: string;
  readonly index: string | false;
  readonly redirect: boolean;
  readonly listing: boolean;
  readonly dotfiles: 'hide' | 'deny' | 'allow';
  readonly symlinks: 'inside' | 'anywhere' | 'none';
  readonly fallthrough: Application | undefined;
  /** A path under the root. */
  readonly spa: string | undefined;
  readonly codings: readonly Coding[];
  readonly etag: 'strong' | 'weak' | false;
  readonly lastModified: boolean;
  readonly ranges: boolean;
  /** The Cache-Control of all that is not immutable. */
  readonly cacheControl: string | undefined;
  readonly immutable: (path: string) => boolean;
  readonly headers: ((file: ServedFile) => Headers) | undefined;
  readonly types: ReadonlyMap<string, string>;
  readonly cache: CacheBounds;
  readonly errorPage: (status: string, detail: string) => ErrorPage;
}

export interface CacheBounds {
  readonly bytes: number;
  readonly fileBytes: number;
  readonly entries: number;
  readonly seconds: number;
}

const optionNames: readonly (keyof StaticOptions)[] = [
  'index',
  'redirect',
  'listing',
  'dotfiles',
  'symlinks',
  'fallthrough',
  'spa',
  'precompressed',
  'etag',
  'lastModified',
  'ranges',
  'maxAge',
  'immutable',
  'headers',
  'types',
  'cache',
  'errorPage',
];
const boundNames: readonly (keyof CacheBounds)[] = ['bytes', 'fileBytes', 'entries', 'seconds'];
const allCodings: readonly Coding[] = ['br', 'zstd', 'gzip'];

const defaultBounds: CacheBounds = { bytes: 67_108_864, fileBytes: 1_048_576, entries: 4096, seconds: 1 };
const noCache: CacheBounds = { bytes: 0, fileBytes: 0, entries: 0, seconds: 0 };
/** A year, which is as long as makes sense (RFC 8246). */
const immutableSeconds = 31_536_000;

export const immutableCacheControl: string = `public, max-age=${immutableSeconds}, immutable`;

/** @throws {TypeError | RangeError} for an option that can't be, or a root that is no directory */
export function settingsOf(root: unknown, options: StaticOptions): Settings {
  checkNames('staticFiles', options, optionNames);
  const {
    index = 'index.html',
    redirect = true,
    listing = false,
    dotfiles = 'hide',
    symlinks = 'inside',
    fallthrough,
    spa = false,
    etag = 'strong',
    lastModified = true,
    ranges = true,
    maxAge = 0,
    headers,
    errorPage = plainErrorPage,
  } = options;
  if (index !== false) checkFileName('index', index);
  checkBoolean('redirect', redirect);
  checkBoolean('listing', listing);
  checkOneOf('dotfiles', dotfiles, ['hide', 'deny', 'allow']);
  checkOneOf('symlinks', symlinks, ['inside', 'anywhere', 'none']);
  checkOneOf('etag', etag, ['strong', 'weak', false]);
  checkBoolean('lastModified', lastModified);
  checkBoolean('ranges', ranges);
  checkFunction('fallthrough', fallthrough);
  checkFunction('headers', headers);
  checkFunction('errorPage', errorPage);
  if (spa === true && index === false) {
    throw new RangeError(
      'staticFiles: spa is true, but index is false: name the file, as in spa: "app.html".',
    );
  }
  const spaFile = spa === true ? index : spa;
  if (spaFile !== false) checkFileName('spa', spaFile);
  return {
    root: rootOf(root),
    index,
    redirect,
    listing,
    dotfiles,
    symlinks,
    fallthrough,
    spa: spaFile === false ? undefined : `/${spaFile}`,
    codings: codingsOf(options.precompressed ?? false),
    etag,
    lastModified,
    ranges,
    cacheControl: cacheControlOf(maxAge),
    immutable: immutableOf(options.immutable),
    headers,
    types: typesOf(options.types ?? {}),
    cache: boundsOf(options.cache ?? {}),
    errorPage,
  };
}

function rootOf(root: unknown): string {
  let path: string;
  if (typeof root === 'string' && root !== '' && !root.includes('\0')) path = resolve(root);
  else if (root instanceof URL && root.protocol === 'file:') path = resolve(fileURLToPath(root));
  else throw new TypeError(`staticFiles: root is the path or file: URL of a directory, not ${shown(root)}.`);
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new RangeError(`staticFiles: root ${shown(path)} is not a directory.`);
  }
  return path;
}

function cacheControlOf(maxAge: unknown): string | undefined {
  if (maxAge === false) return undefined;
  if (!isCount(maxAge) || (maxAge as number) > immutableSeconds) {
    throw new RangeError(
      `staticFiles: maxAge is false or whole seconds up to a year (${immutableSeconds}), not ${shown(maxAge)}.`,
    );
  }
  return maxAge === 0 ? 'no-cache' : `public, max-age=${maxAge}`;
}

function immutableOf(immutable: unknown): (path: string) => boolean {
  if (immutable === undefined) return () => false;
  if (immutable instanceof RegExp) {
    // With g or y a pattern remembers where it was.
    const pattern = new RegExp(immutable.source, immutable.flags.replaceAll(/[gy]/g, ''));
    return path => pattern.test(path);
  }
  if (typeof immutable === 'function') return path => Boolean(immutable(path));
  throw new TypeError(
    `staticFiles: immutable is a regular expression or a function of a path, not ${shown(immutable)}.`,
  );
}

function codingsOf(given: unknown): readonly Coding[] {
  if (given === false) return [];
  if (given === true) return allCodings;
  if (!Array.isArray(given)) {
    throw new TypeError(
      `staticFiles: precompressed is true, false or a list of codings, not ${shown(given)}.`,
    );
  }
  for (const coding of given) {
    if (!allCodings.includes(coding)) {
      throw new RangeError(
        `staticFiles: precompressed knows ${allCodings.join(', ')}, but not ${shown(coding)}.`,
      );
    }
  }
  return [...new Set(given as Coding[])];
}

function typesOf(given: unknown): ReadonlyMap<string, string> {
  if (typeof given !== 'object' || given === null)
    throw new TypeError(`staticFiles: types is an object of types by extension, not ${shown(given)}.`);
  return new Map(
    Object.entries(given).map(([extension, type]) => {
      if (!/^\.[^./\\]+$/.test(extension))
        throw new RangeError(`staticFiles: ${shown(extension)} in types is not an extension as ".map".`);
      if (typeof type !== 'string' || !/^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(?: *;[\t\x20-\x7e]*)?$/.test(type))
        throw new RangeError(`staticFiles: types gives ${extension} ${shown(type)}, which is not a type.`);
      return [extension.toLowerCase(), type];
    }),
  );
}

function boundsOf(given: unknown): CacheBounds {
  if (given === false) return noCache;
  checkNames('cache of staticFiles', given, boundNames);
  const bounds: Record<keyof CacheBounds, number> = { ...defaultBounds };
  for (const name of boundNames) {
    const value = (given as CacheOptions)[name];
    if (value === undefined) continue;
    const fits = name === 'seconds' ? Number.isFinite(value) && value >= 0 : isCount(value);
    if (!fits) throw new RangeError(`staticFiles: cache.${name} is a number from 0 on, not ${shown(value)}.`);
    bounds[name] = value;
  }
  return bounds;
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** @throws {RangeError} for a name that is no option: a misspelt one would be ignored otherwise */
function checkNames(whose: string, given: unknown, known: readonly string[]): void {
  if (typeof given !== 'object' || given === null)
    throw new TypeError(`${whose} takes an object of options, not ${shown(given)}.`);
  for (const name of Object.keys(given)) {
    if (known.includes(name)) continue;
    throw new RangeError(`${whose} has no option called ${name}. There are: ${known.join(', ')}.`);
  }
}

function checkBoolean(name: string, value: unknown): void {
  if (typeof value !== 'boolean')
    throw new TypeError(`staticFiles: ${name} is true or false, not ${shown(value)}.`);
}

function checkFunction(name: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'function')
    throw new TypeError(`staticFiles: ${name} is a function, not ${shown(value)}.`);
}

function checkOneOf(name: string, value: unknown, known: readonly unknown[]): void {
  if (known.includes(value)) return;
  throw new RangeError(`staticFiles: ${name} is ${known.map(shown).join(', ')}; not ${shown(value)}.`);
}

function checkFileName(name: string, value: unknown): void {
  const isName =
    typeof value === 'string' &&
    value !== '' &&
    !/[\\\0]/.test(value) &&
    value.split('/').every(segment => !['', '.', '..'].includes(segment));
  if (!isName) {
    throw new RangeError(
      `staticFiles: ${name} is the name of a file, without a slash at its ends, not ${shown(value)}.`,
    );
  }
}

/** A value as a message names it: strings quoted and shortened, objects by their kind. */
function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value);
  if (typeof value === 'object' && value !== null) return 'an object';
  return typeof value === 'function' ? 'a function' : String(value);
}
