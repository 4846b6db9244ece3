// A router for comparison only: every rule of the router room said once, in the plainest way, slow on purpose. It
// shares no code with src/router, and takes well-formed registrations only.
import type { Link, Match, Router } from '../src/router/types.ts';

interface ReferenceLink<T> extends Link<T> {
  readonly segments: readonly string[];
}

/** A path as its segments, each fully decoded: an encoded slash is a slash inside a segment. */
type Path = readonly string[];

export class ReferenceRouter<T> implements Router<T> {
  readonly #links: ReferenceLink<T>[] = [];

  mount(prefix: string, value: T): void {
    const pattern = prefix.replace(/\/$/, '');
    this.#links.push({
      kind: 'mount',
      methods: ['*'],
      pattern,
      value,
      segments: pattern.split('/').slice(1),
    });
  }

  route(methods: string | readonly string[], pattern: string, value: T): void {
    const list = typeof methods === 'string' ? [methods] : methods;
    this.#links.push({ kind: 'route', methods: list, pattern, value, segments: pattern.split('/').slice(1) });
  }

  links(): Iterable<Link<T>> {
    return this.#links;
  }

  find(method: string, raw: string): Match<T> {
    const path = parse(raw);
    if (path === undefined) return { kind: 'bad-path' };
    const pathInfo = `/${path.join('/')}`;

    const matching = this.#links
      .filter(link => link.kind === 'route' && matches(link.segments, path))
      .sort((a, b) => comparePrecedence(a.segments, b.segments));
    const sameShape = (a: ReferenceLink<T>, b: ReferenceLink<T>) =>
      comparePrecedence(a.segments, b.segments) === 0;
    for (const first of matching) {
      const peers = matching.filter(link => sameShape(link, first));
      const route =
        peers.find(link => link.methods.includes(method)) ??
        peers.find(link => method === 'HEAD' && link.methods.includes('GET')) ??
        peers.find(link => link.methods.includes('*'));
      if (route === undefined) continue;
      return {
        kind: 'route',
        value: route.value,
        scriptName: '',
        pathInfo,
        params: parameters(route.segments, path),
      };
    }

    const [mount] = this.#links
      .filter(link => link.kind === 'mount' && link.segments.every((text, index) => path[index] === text))
      .sort((a, b) => b.segments.length - a.segments.length);
    if (mount !== undefined) {
      const rest = path.slice(mount.segments.length);
      return {
        kind: 'mount',
        value: mount.value,
        scriptName: mount.pattern,
        pathInfo: rest.length === 0 ? '' : `/${rest.join('/')}`,
        params: Object.create(null),
      };
    }

    if (matching.length === 0) return { kind: 'not-found', pathInfo };
    const allow = new Set(matching.flatMap(link => link.methods));
    if (allow.has('GET')) allow.add('HEAD');
    allow.add('OPTIONS');
    return { kind: 'method-not-allowed', pathInfo, allow: [...allow].sort() };
  }
}

/** @returns `undefined` for a bad path */
function parse(raw: string): Path | undefined {
  if (raw === '') return [''];
  if (!/^\/[\x20-\x7e]*$/.test(raw)) return undefined;
  if (/%([01]|7f)/i.test(raw)) return undefined;
  const kept: string[] = [];
  const encoded = raw.slice(1).split('/');
  for (const [index, text] of encoded.entries()) {
    let segment: string;
    try {
      segment = decodeURIComponent(text);
    } catch {
      return undefined;
    }
    const dots = segment === '.' || segment === '..';
    if (!dots && /(^|[/\\])\.\.?($|[/\\])/.test(segment)) return undefined;
    if (!dots) kept.push(segment);
    if (segment === '..' && kept.pop() === undefined) return undefined;
    if (dots && index === encoded.length - 1) kept.push('');
  }
  return kept;
}

function matches(pattern: readonly string[], path: Path): boolean {
  const last = pattern.at(-1);
  if (last?.startsWith('*')) {
    return path.length >= pattern.length && matches(pattern.slice(0, -1), path.slice(0, pattern.length - 1));
  }
  return (
    path.length === pattern.length &&
    pattern.every((text, index) => (text.startsWith(':') ? path[index] !== '' : text === path[index]))
  );
}

/** Static before `:name` before `*name`, the first segment that differs decides. */
function comparePrecedence(a: readonly string[], b: readonly string[]): number {
  const rank = (text: string | undefined) => (text?.startsWith('*') ? 2 : text?.startsWith(':') ? 1 : 0);
  for (let index = 0; index < Math.max(a.length, b.length); index++) {
    const difference = rank(a[index]) - rank(b[index]);
    if (difference !== 0) return difference;
  }
  return 0;
}

function parameters(pattern: readonly string[], path: Path): Record<string, string> {
  const params: Record<string, string> = Object.create(null);
  for (const [index, text] of pattern.entries()) {
    if (text.startsWith(':')) params[text.slice(1)] = path[index] as string;
    if (text.startsWith('*')) params[text.slice(1)] = path.slice(index).join('/');
  }
  return params;
}
