// From a request to the application that answers it, and the answers that the server gives itself.

import { answer } from './base/answer.ts';
import { Base } from './base/base.ts';
import type { Routed } from './base/environ.ts';
import { pageOf } from './base/error-page.ts';
import { fail, respondWithPage } from './base/failure.ts';
import type { Exchange } from './http/exchange.ts';
import type { Answerer, RefusalPage } from './http/protocol.ts';
import { Refusal } from './http/refusal.ts';
import { KnownLength } from './http/request-head.ts';
import { AsteriskForm, AuthorityForm } from './http/request-target.ts';
import { checkMethods, type Linked } from './options.ts';
import type { Router } from './router/types.ts';

export class Dispatcher implements Answerer {
  readonly router: Router<Linked>;
  fallback: Linked | null = null;
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

  /** A route for a method makes it a method of this server. */
  route(methods: string | readonly string[], pattern: string, linked: Linked): void {
    this.router.route(methods, pattern, linked);
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
    const base = this.#base;
    try {
      if (!this.#methods.has(head.method) || head.form === AuthorityForm) {
        respondWithPage(base, exchange, Refusal.method.status, Refusal.method.detail);
        return;
      }
      if (head.form === AsteriskForm) {
        tellMethods(exchange, [...this.#methods]);
        return;
      }
      const match = this.router.find(head.method, head.path);
      switch (match.kind) {
        case 'route':
        case 'mount':
          this.#call(exchange, match.value, match);
          return;
        case 'not-found':
          if (this.fallback !== null) this.#call(exchange, this.fallback, unrouted(match.pathInfo));
          // As in Fapws3, a client may ask for the methods before it knows a path.
          else if (head.method === 'OPTIONS') tellMethods(exchange, [...this.#methods]);
          else respondWithPage(base, exchange, '404 Not Found', 'There is nothing at this path.');
          return;
        case 'method-not-allowed':
          if (head.method === 'OPTIONS') tellMethods(exchange, match.allow);
          else {
            respondWithPage(base, exchange, '405 Method Not Allowed', 'This path has other methods.', [
              ['Allow', match.allow.join(', ')],
            ]);
          }
          return;
        case 'bad-path':
          exchange.refuse(Refusal.target);
      }
    } catch (error) {
      // A router of the user's own has failed.
      fail(base, exchange, error);
    }
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
    answer(this.#base, exchange, linked.application, routed);
  }

  /** Answerer: the page for a request that no application sees. */
  refusalPage(refusal: Refusal): RefusalPage {
    return pageOf(this.#base, refusal.status, refusal.detail, 'a request that was refused');
  }
}

function tellMethods(exchange: Exchange, methods: readonly string[]): void {
  exchange.setHead('200 OK', [['Allow', methods.join(', ')]]);
  exchange.respond('');
}

const noParameters: Readonly<Record<string, string>> = Object.freeze(Object.create(null)) as Record<
  string,
  string
>;

function unrouted(pathInfo: string): Routed {
  return { scriptName: '', pathInfo, params: noParameters };
}
