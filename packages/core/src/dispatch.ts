// From a request to the application that answers it, and the answers that the server gives itself.

import { answer } from './base/answer.ts';
import { Base } from './base/base.ts';
import type { Routed } from './base/environ.ts';
import { pageOf } from './base/error-page.ts';
import { fail } from './base/failure.ts';
import type { Header, Middleware } from './base/types.ts';
import type { Exchange } from './http/exchange.ts';
import type { Answerer, RefusalPage } from './http/protocol.ts';
import { Refusal } from './http/refusal.ts';
import { KnownLength } from './http/request-head.ts';
import { AsteriskForm, AuthorityForm } from './http/request-target.ts';
import { checkMethods, type Linked, linkedOf } from './options.ts';
import type { Router } from './router/types.ts';

export class Dispatcher implements Answerer {
  readonly router: Router<Linked>;
  #fallback: Linked | null = null;
  readonly #middlewares: Middleware[] = [];
  /** The server's own pages as applications, by what they say. */
  readonly #pages = new Map<string, Linked>();
  #base = new Base({});
  /** Methods that reach applications: those of the base and those that routes name. */
  #methods: Set<string> = new Set(this.#base.methods);
  readonly #routedMethods = new Set<string>();

  constructor(router: Router<Linked>) {
    this.router = router;
  }

  get base(): Base {
    return this.#base;
  }

  set base(base: Base) {
    checkMethods(base.methods);
    this.#base = base;
    this.#methods = new Set([...base.methods, ...this.#routedMethods]);
  }

  /** Puts a middleware around all applications, and around the pages that the server makes itself. */
  use(middleware: Middleware): void {
    this.#middlewares.push(middleware);
    this.#pages.clear();
    for (const { value } of this.router.links()) this.#wrap(value);
    if (this.#fallback !== null) this.#wrap(this.#fallback);
  }

  /** The middleware that was used first is the outermost one. */
  #wrap(linked: Linked): Linked {
    linked.entry = this.#middlewares.reduceRight(
      (inner, middleware) => middleware(inner),
      linked.application,
    );
    return linked;
  }

  mount(prefix: string, linked: Linked): void {
    this.router.mount(prefix, this.#wrap(linked));
  }

  get fallback(): Linked | null {
    return this.#fallback;
  }

  set fallback(linked: Linked) {
    this.#fallback = this.#wrap(linked);
  }

  /** A route for a method makes it a method of this server. */
  route(methods: string | readonly string[], pattern: string, linked: Linked): void {
    this.router.route(methods, pattern, this.#wrap(linked));
    if (methods === '*') return;
    const names = typeof methods === 'string' ? [methods] : methods;
    checkMethods(names);
    for (const method of names) {
      this.#routedMethods.add(method);
      this.#methods.add(method);
    }
  }

  /** HOT. Answerer: sees to it that a request is answered. Never throws. */
  answer(exchange: Exchange): void {
    const { head } = exchange;
    try {
      if (!this.#methods.has(head.method) || head.form === AuthorityForm) {
        this.#tell(exchange, Refusal.method.status, Refusal.method.detail);
        return;
      }
      if (head.form === AsteriskForm) {
        this.#tellMethods(exchange, this.#methods);
        return;
      }
      const match = this.router.find(head.method, head.path);
      switch (match.kind) {
        case 'route':
        case 'mount':
          this.#call(exchange, match.value, match);
          return;
        case 'not-found':
          if (this.#fallback !== null) this.#call(exchange, this.#fallback, unrouted(match.pathInfo));
          // As in Fapws3, a client may ask for the methods before it knows a path.
          else if (head.method === 'OPTIONS') this.#tellMethods(exchange, this.#methods);
          else this.#tell(exchange, '404 Not Found', 'There is nothing at this path.', match.pathInfo);
          return;
        case 'method-not-allowed':
          if (head.method === 'OPTIONS') this.#tellMethods(exchange, match.allow, match.pathInfo);
          else {
            const status = '405 Method Not Allowed';
            this.#tell(exchange, status, 'This path has other methods.', match.pathInfo, match.allow);
          }
          return;
        case 'bad-path':
          exchange.refuse(Refusal.target);
      }
    } catch (error) {
      // A router of the user's own has failed.
      fail(this.#base, exchange, error);
    }
  }

  #tellMethods(exchange: Exchange, methods: Iterable<string>, pathInfo = ''): void {
    this.#tell(exchange, '200 OK', '', pathInfo, methods);
  }

  /** Answers with a page of the server's own; through the middlewares, if there are any. Without a detail it has no content. */
  #tell(exchange: Exchange, status: string, detail: string, pathInfo = '', allow?: Iterable<string>): void {
    const more: Header[] = allow === undefined ? [] : [['Allow', [...allow].join(', ')]];
    const key = `${status} ${more[0]?.[1]}`;
    let page = this.#pages.get(key);
    if (page === undefined) {
      page = this.#wrap(
        linkedOf(
          (_, startResponse) => {
            if (detail === '') {
              startResponse(status, more);
              return '';
            }
            const { headers, content } = pageOf(
              this.#base,
              status,
              detail,
              'a request without an application',
            );
            startResponse(status, [...headers, ...more]);
            return content;
          },
          {},
          'a page',
        ),
      );
      this.#pages.set(key, page);
    }
    answer(this.#base, exchange, page.entry, unrouted(pathInfo));
  }

  /** HOT. Calls an application, unless the request is already known to have too much content for it. */
  #call(exchange: Exchange, linked: Linked, routed: Routed): void {
    const { head } = exchange;
    exchange.contentLimit = linked.contentLimit ?? exchange.contentLimit;
    exchange.handlerTimeout = linked.handlerTimeout ?? exchange.handlerTimeout;
    if (head.framing === KnownLength && head.contentLength > exchange.contentLimit) {
      exchange.refuse(Refusal.contentTooLarge);
      return;
    }
    answer(this.#base, exchange, linked.entry, routed);
  }

  /** Answerer: the page for a request that no application sees. Made for each one: the base may say something else every time. */
  refusalPage(refusal: Refusal): RefusalPage {
    return pageOf(this.#base, refusal.status, refusal.detail, 'a request that was refused');
  }
}

const noParameters: Readonly<Record<string, string>> = Object.freeze(Object.create(null)) as Record<
  string,
  string
>;

function unrouted(pathInfo: string): Routed {
  return { scriptName: '', pathInfo, params: noParameters };
}
