// Reads and checks what the developer registers: methods, mount prefixes and route patterns. Runs at start-up only, so
// it is written for clear errors. Must not know what else is registered.
import { RouteError } from './errors.ts';

export interface Segment {
  readonly kind: 'static' | 'parameter' | 'rest';
  /** The text of a static segment, the name of a parameter. */
  readonly text: string;
}

/** All methods. */
export const ANY_METHOD = '*';

/**
 * @returns the prefix without its trailing slash; `''` for the root
 * @throws RouteError
 */
export function parsePrefix(prefix: string): string {
  const where = `Cannot mount ${quote(prefix)}`;
  if (prefix === '' || prefix === '/') return '';
  requirePath(where, prefix);
  const trimmed = prefix.endsWith('/') ? prefix.slice(0, -1) : prefix;
  for (const text of trimmed.slice(1).split('/')) {
    requireText(where, text);
    if (text === '') {
      throw new RouteError(`${where}: it has an empty segment ("//"). Write one slash between segments.`);
    }
    if (text.startsWith(':') || text.startsWith('*')) {
      throw new RouteError(
        `${where}: a prefix has no parameters, and ${quote(text)} looks like one. Mount at a fixed prefix, or use route().`,
      );
    }
  }
  return trimmed;
}

/**
 * @returns the segments of a route pattern; a trailing slash gives an empty static segment at the end
 * @throws RouteError
 */
export function parsePattern(pattern: string): readonly Segment[] {
  const where = `Cannot route ${quote(pattern)}`;
  requirePath(where, pattern);
  const texts = pattern.slice(1).split('/');
  const names = new Set<string>();
  return texts.map((text, index) => {
    const last = index === texts.length - 1;
    requireText(where, text);
    if (text.startsWith(':') || text.startsWith('*')) {
      const name = text.slice(1);
      if (!/^[\p{ID_Start}_$][\p{ID_Continue}$]*$/u.test(name)) {
        throw new RouteError(
          `${where}: ${quote(text)} does not name a parameter. Write ":name" or "*name" as a whole segment; ` +
            'a name has letters, digits, "_" and "$" and does not begin with a digit.',
        );
      }
      if (names.has(name)) {
        throw new RouteError(`${where}: the parameter ${quote(name)} appears twice. Give each its own name.`);
      }
      names.add(name);
      if (text.startsWith(':')) return { kind: 'parameter', text: name };
      if (!last) {
        throw new RouteError(
          `${where}: ${quote(text)} takes the rest of the path, so nothing can follow it. Move it to the end, or use ":${name}".`,
        );
      }
      return { kind: 'rest', text: name };
    }
    if (text === '' && !last) {
      throw new RouteError(`${where}: it has an empty segment ("//"). Write one slash between segments.`);
    }
    return { kind: 'static', text };
  });
}

/**
 * @returns the methods as a list, `['*']` for all
 * @throws RouteError
 */
export function parseMethods(methods: string | readonly string[], pattern: string): readonly string[] {
  const where = `Cannot route ${quote(pattern)}`;
  if (methods === ANY_METHOD) return [ANY_METHOD];
  const list = typeof methods === 'string' ? [methods] : [...methods];
  if (list.length === 0) {
    throw new RouteError(`${where}: the list of methods is empty. Name at least one, or write '*' for all.`);
  }
  for (const [index, method] of list.entries()) {
    if (method === ANY_METHOD) {
      throw new RouteError(`${where}: '*' stands alone. Write '*' instead of a list that contains it.`);
    }
    // A token (RFC 9110 9.1, 5.6.2) without small letters: methods are case-sensitive, so "get" would never match.
    if (typeof method !== 'string' || !/^[!#$%&'*+.^_`|~0-9A-Z-]+$/.test(method)) {
      throw new RouteError(`${where}: ${quote(method)} is not a method. Write it in capitals, as in 'GET'.`);
    }
    if (list.indexOf(method) !== index) {
      throw new RouteError(`${where}: the method ${method} is named twice. Name it once.`);
    }
  }
  return list;
}

function requirePath(where: string, path: string): void {
  if (typeof path !== 'string') throw new RouteError(`${where}: a path is a string.`);
  if (!path.startsWith('/'))
    throw new RouteError(`${where}: a path begins with "/". Write ${quote(`/${path}`)}.`);
}

/** Refuses text that no decoded path can hold, and text that is almost certainly meant otherwise. */
function requireText(where: string, text: string): void {
  if (/[?#]/.test(text)) {
    throw new RouteError(
      `${where}: ${quote(text)} holds "?" or "#", and a path ends before either. Leave the query out; ` +
        'for something optional register two patterns.',
    );
  }
  if (/%[0-9a-f]{2}/i.test(text)) {
    throw new RouteError(`${where}: ${quote(text)} is percent-encoded. Write it decoded, as in "/café".`);
  }
  if (text.includes('\\')) {
    throw new RouteError(`${where}: ${quote(text)} holds a backslash. Separate segments by "/".`);
  }
  if (text === '.' || text === '..') {
    throw new RouteError(
      `${where}: dot segments are resolved before matching. Write the path without ${quote(text)}.`,
    );
  }
  if (/[\p{Cc}\p{Cs}]/u.test(text)) {
    throw new RouteError(
      `${where}: ${quote(text)} holds a control character or half of a surrogate pair. Remove it.`,
    );
  }
  if (text.lastIndexOf('*') > 0) {
    throw new RouteError(
      `${where}: ${quote(text)} holds "*" in its middle. Write "*name" as the whole last segment.`,
    );
  }
}

function quote(text: unknown): string {
  return JSON.stringify(text) ?? String(text);
}
