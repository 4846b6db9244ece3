// The default router: a radix tree of routes and one of mounts. The cost of a lookup depends on the length of the path,
// not on the number of routes. Must not know what a value is, nor what becomes of a match.
import { Endpoint, type Route } from './endpoint.ts';
import { RouteError } from './errors.ts';
import {
  isNormalPath,
  isNormalRest,
  normalisePath,
  normalSegmentEnd,
  plainPath,
  segmentEnd,
} from './path.ts';
import { ANY_METHOD, parseMethods, parsePattern, parsePrefix } from './pattern.ts';
import { Node } from './tree.ts';
import type { Link, Match, Parameters, Router } from './types.ts';

const SLASH = 0x2f;

const NO_PARAMETERS: Parameters = Object.freeze(Object.create(null));
const NO_METHODS: readonly string[] = Object.freeze([]);

export class RadixRouter<T> implements Router<T> {
  readonly #links: Link<T>[] = [];
  readonly #routes: Node<Endpoint<T>> = new Node('static', '');
  readonly #mounts: Node<Link<T>> = new Node('static', '');

  // The working memory of one walk, kept from find to find: a find is one synchronous call, so it is never shared.
  // Places to come back to: a `:name` or `*name` node, where its part of the path begins, how many parameters
  // were taken by then. Never deeper than the tree, whatever the path.
  readonly #waiting: Node<Endpoint<T>>[] = [];
  readonly #waitingAt: number[] = [];
  readonly #waitingTaken: number[] = [];
  /** Where the parameters taken so far begin and end in the path. */
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  /** The endpoints that match the path but not the method. */
  #refused: Endpoint<T>[] = [];

  mount(prefix: string, value: T): void {
    const pattern = parsePrefix(prefix);
    const node = this.#mounts.insertText(pattern);
    if (node.endpoint !== undefined) {
      throw new RouteError(
        `Cannot mount ${JSON.stringify(prefix)}: ${JSON.stringify(node.endpoint.pattern || '/')} is mounted already and is the ` +
          'same prefix. Remove one of them or choose another prefix.',
      );
    }
    node.endpoint = { kind: 'mount', methods: [ANY_METHOD], pattern, value };
    this.#links.push(node.endpoint);
  }

  route(methods: string | readonly string[], pattern: string, value: T): void {
    const list = parseMethods(methods, pattern);
    const segments = parsePattern(pattern);
    const names = segments.filter(segment => segment.kind !== 'static').map(segment => segment.text);
    const node = this.#routes.insert(segments);
    node.endpoint ??= new Endpoint();
    const endpoint = node.endpoint;
    // All are checked before one is added: a refused registration changes nothing.
    for (const method of list) {
      const taken = method === ANY_METHOD ? endpoint.any : endpoint.own(method);
      if (taken !== undefined) {
        throw new RouteError(
          `Cannot route ${method} ${JSON.stringify(pattern)}: ${method} ${JSON.stringify(taken.pattern)} is registered already and ` +
            'matches the same paths. Remove one of them or change its method or pattern.',
        );
      }
    }
    const route: Route<T> = { value, pattern, names };
    for (const method of list) {
      if (method === ANY_METHOD) endpoint.any = route;
      else endpoint.add(method, route);
    }
    this.#links.push({ kind: 'route', methods: list, pattern, value });
  }

  links(): Iterable<Link<T>> {
    return [...this.#links];
  }

  /** Hot: see `bench/router.bench.mjs`. */
  find(method: string, path: string): Match<T> {
    // Most paths need no decoding, and reading a character of a path that was cut from a request head is what costs
    // most here. So the raw path is walked first; what is found then was read once.
    let route = this.#findRoute(method, path, true);
    if (route !== undefined) return this.#found(route, path, false);

    const decoded = !isNormalPath(path);
    const normal = decoded ? normalisePath(path) : path;
    if (normal === undefined) return outcome<T>('bad-path', undefined, '', '', NO_PARAMETERS, NO_METHODS);
    if (decoded) {
      route = this.#findRoute(method, normal, false);
      if (route !== undefined) return this.#found(route, normal, true);
    }

    const mount = this.#findMount(normal);
    if (mount !== undefined) {
      const prefix = mount.pattern;
      const rest = prefix.length === 0 ? normal : normal.slice(prefix.length);
      return outcome<T>(
        'mount',
        mount.value,
        prefix,
        decoded ? plainPath(rest) : rest,
        NO_PARAMETERS,
        NO_METHODS,
      );
    }

    const pathInfo = decoded ? plainPath(normal) : normal;
    if (this.#refused.length === 0) {
      return outcome<T>('not-found', undefined, '', pathInfo, NO_PARAMETERS, NO_METHODS);
    }
    return outcome<T>('method-not-allowed', undefined, '', pathInfo, NO_PARAMETERS, allowed(this.#refused));
  }

  #found(route: Route<T>, path: string, decoded: boolean): Match<T> {
    const params = route.names.length === 0 ? NO_PARAMETERS : this.#parameters(route.names, path, decoded);
    return outcome<T>('route', route.value, '', decoded ? plainPath(path) : path, params, NO_METHODS);
  }

  /**
   * Walks the tree depth first: static text while it fits, then the last place where `:name` or `*name` was possible.
   * A node is reached in one way only and at one position only, so it is visited at most once: hostile paths cannot
   * make the walk longer than the tree, and no recursion can overflow.
   *
   * A raw path is believed as far as it is read: static text must be ordinary to fit, and a parameter that is not
   * normal ends the walk. So a route is found only if each character of the path was seen to stand for itself.
   */
  #findRoute(method: string, path: string, raw: boolean): Route<T> | undefined {
    const length = path.length;
    let node = this.#routes;
    let position = 0;
    let taken = 0;
    let waiting = 0;
    if (this.#refused.length !== 0) this.#refused = [];

    for (;;) {
      if (position === length && node.endpoint !== undefined) {
        const route = node.endpoint.select(method);
        if (route !== undefined) return route;
        this.#refused.push(node.endpoint);
      }
      if (node.rest !== undefined) {
        this.#waiting[waiting] = node.rest;
        this.#waitingAt[waiting] = position;
        this.#waitingTaken[waiting++] = taken;
      }
      if (node.parameter !== undefined) {
        this.#waiting[waiting] = node.parameter;
        this.#waitingAt[waiting] = position;
        this.#waitingTaken[waiting++] = taken;
      }
      if (position < length) {
        const child = node.child(path.charCodeAt(position));
        if (child !== undefined && (child.ordinary || !raw) && hasLabel(path, position, child.label)) {
          node = child;
          position += child.label.length;
          continue;
        }
      }

      // Dead end: back to the last place where the path could be read in another way.
      for (;;) {
        if (waiting === 0) return undefined;
        node = this.#waiting[--waiting] as Node<Endpoint<T>>;
        const start = this.#waitingAt[waiting] as number;
        taken = this.#waitingTaken[waiting] as number;
        if (node.kind === 'rest') {
          if (raw && !isNormalRest(path, start)) return undefined;
          position = length;
        } else {
          position = raw ? normalSegmentEnd(path, start) : segmentEnd(path, start);
          if (position < 0) return undefined;
          if (position === start) continue;
        }
        this.#starts[taken] = start;
        this.#ends[taken++] = position;
        break;
      }
    }
  }

  /** Longest prefix: the last mount that is passed where a segment ends. */
  #findMount(path: string): Link<T> | undefined {
    const length = path.length;
    let node = this.#mounts;
    let position = 0;
    let longest = node.endpoint;
    while (position < length) {
      const child = node.child(path.charCodeAt(position));
      if (child === undefined || !hasLabel(path, position, child.label)) break;
      node = child;
      position += child.label.length;
      if (node.endpoint !== undefined && (position === length || path.charCodeAt(position) === SLASH)) {
        longest = node.endpoint;
      }
    }
    return longest;
  }

  #parameters(names: readonly string[], path: string, decoded: boolean): Parameters {
    const params: Record<string, string> = Object.create(null);
    for (let index = 0; index < names.length; index++) {
      const text = path.slice(this.#starts[index], this.#ends[index]);
      params[names[index] as string] = decoded ? plainPath(text) : text;
    }
    return params;
  }
}

/** One shape for all outcomes, so that the code which reads them stays fast; {@link Match} shows what each one means. */
function outcome<T>(
  kind: Match<T>['kind'],
  value: T | undefined,
  scriptName: string,
  pathInfo: string,
  params: Parameters,
  allow: readonly string[],
): Match<T> {
  return { kind, value, scriptName, pathInfo, params, allow } as Match<T>;
}

function hasLabel(path: string, position: number, label: string): boolean {
  if (path.length - position < label.length) return false;
  // The first character has chosen the child.
  for (let index = 1; index < label.length; index++) {
    if (path.charCodeAt(position + index) !== label.charCodeAt(index)) return false;
  }
  return true;
}

/** RFC 9110 10.2.1: the methods of all routes that match the path, and those we answer for them. */
function allowed<T>(endpoints: readonly Endpoint<T>[]): readonly string[] {
  const methods = new Set(endpoints.flatMap(endpoint => endpoint.methods));
  if (methods.has('GET')) methods.add('HEAD');
  methods.add('OPTIONS');
  return [...methods].sort();
}
