// The server as its user sees it, and the one place where the rooms are put together: loop, protocol, router, base.

import { answer, fail, respondWithPage } from './base/answer.ts';
import { Base, type BaseOptions } from './base/base.ts';
import type { Routed } from './base/environ.ts';
import { pageOf } from './base/error-page.ts';
import { report } from './base/error-stream.ts';
import type { Application, Environ } from './base/types.ts';
import { type CallRequest, type CallResponse, callThrough } from './call.ts';
import type { Exchange } from './http/exchange.ts';
import { defaultLimits, defaultTimeouts, type Limits, type Timeouts } from './http/limits.ts';
import { type Answerer, Protocol, type RefusalPage, WHEEL_TICK } from './http/protocol.ts';
import { Refusal } from './http/refusal.ts';
import { KnownLength } from './http/request-head.ts';
import { AsteriskForm, AuthorityForm } from './http/request-target.ts';
import { chooseBackend } from './loop/choice.ts';
import { ListenError } from './loop/errors.ts';
import { addressText } from './loop/listening.ts';
import { PortableLoop } from './loop/portable.ts';
import type { Address, Listener, Loop, LoopTimer } from './loop/types.ts';
import { sharedParser } from './parser/parser.ts';
import type { PathParameters } from './router/parameters.ts';
import { RadixRouter } from './router/radix.ts';
import type { Link, Router } from './router/types.ts';
import { type DeferOptions, Tasks, type Timer } from './tasks.ts';

export interface ServerOptions {
  /** How many connections the kernel may keep waiting. @default 511 */
  readonly backlog?: number | undefined;
  /** Bounds on size and number. @default defaultLimits */
  readonly limits?: Partial<Limits> | undefined;
  /** Bounds on time. @default defaultTimeouts */
  readonly timeouts?: Partial<Timeouts> | undefined;
  /** Finds the application for a path. @default a radix tree */
  readonly router?: Router<Application> | undefined;
  /** The event loop. @default what LIBEV_FLAGS asks for, else the best one that works here */
  readonly loop?: Loop | undefined;
}

export interface StopOptions {
  /** How long requests in progress may take to finish, in milliseconds; what is left then is cut. @default 10000 */
  readonly graceMs?: number | undefined;
}

export interface StopReport {
  /** Requests that were cut because the grace period was over. */
  readonly cut: number;
}

export interface RunOptions extends StopOptions {
  /** Whether SIGINT and SIGTERM stop the server; a second one stops it at once. @default true */
  readonly signals?: boolean | undefined;
  /** Prints the start line. @default console.log */
  readonly print?: ((line: string) => void) | undefined;
}

/** An environ whose routing arguments have the names of the route's pattern. */
export type RouteEnviron<Pattern extends string> = Environ & {
  'wsgiorg.routing_args': readonly [positional: readonly string[], named: PathParameters<Pattern>];
};

const DEFAULT_BACKLOG = 511;
const DEFAULT_GRACE = 10_000;
/** What a timer of Node can hold: 24 days, for those who say Infinity. */
const LONGEST_GRACE = 2_147_483_647;

/**
 * Makes a server for an address. It listens when `run` or `listen` is called.
 * @throws {ListenError} FAPWS_LISTEN_ADDRESS for an address that can't be one, FAPWS_LOOP_UNAVAILABLE for LIBEV_FLAGS that can't be met
 */
export function start(host: string, port: number, options?: ServerOptions): Server;
export function start(addressAndOptions: Address & ServerOptions): Server;
export function start(
  where: string | (Address & ServerOptions),
  port?: number,
  options: ServerOptions = {},
): Server {
  if (typeof where === 'string') return new Server({ host: where, port: port as number }, options);
  return new Server(where, where);
}

/** Applications under paths, on an address. */
export class Server {
  readonly #address: Address;
  readonly #backlog: number;
  readonly #loop: Loop;
  readonly #router: Router<Application>;
  readonly #answerer: Answerer;
  readonly #limits: Limits;
  readonly #timeouts: Timeouts;
  readonly #tasks: Tasks;
  #base = new Base({});
  #fallback: Application | null = null;
  #protocol: Protocol | null = null;
  /** Settles when it is known whether the server listens. */
  #opening: Promise<Listener> | null = null;
  #listener: Listener | null = null;
  #wheelTimer: LoopTimer | null = null;
  #stopping: Promise<StopReport> | null = null;
  /** Requests cut so far because of a stop. */
  #cut = 0;
  readonly #whenStopped: Promise<void>;
  #stopped: () => void = () => {};

  constructor(address: Address, options: ServerOptions = {}) {
    checkAddress(address);
    this.#address = address;
    this.#backlog = options.backlog ?? DEFAULT_BACKLOG;
    this.#limits = bounds('limit', defaultLimits, options.limits);
    this.#timeouts = bounds('timeout', defaultTimeouts, options.timeouts);
    this.#router = options.router ?? new RadixRouter();
    this.#loop = options.loop ?? chosenLoop();
    this.#tasks = new Tasks(this.#loop, (what, error) => this.#reportTask(what, error));
    this.#whenStopped = new Promise(resolve => {
      this.#stopped = resolve;
    });
    this.#answerer = {
      answer: exchange => this.#answer(exchange),
      refusalPage: refusal => this.#refusalPage(refusal),
    };
  }

  /** The name of the event loop in use. */
  get loop(): string {
    return this.#loop.name;
  }

  /** Where the server listens; null while it does not. */
  get address(): Address | null {
    return this.#listener?.address ?? null;
  }

  /** What is mounted and routed, for those who print it. */
  links(): Iterable<Link<Application>> {
    return this.#router.links();
  }

  /** Replaces parts of the WSGI face. What `options` leaves out stays as it is. */
  base(options: BaseOptions): this {
    this.#base = new Base(options, this.#base);
    return this;
  }

  /**
   * Gives all requests at and below a path to an application. The longest prefix wins, by whole segments.
   * @param prefix `/api`, or `''` or `'/'` for everything
   * @throws {RouteError} FAPWS_ROUTE
   */
  mount(prefix: string, application: Application): this {
    checkApplication(application, `mount('${prefix}', …)`);
    this.#router.mount(prefix, application);
    return this;
  }

  /**
   * Gives requests with a method and a path of a certain form to an application. Routes go before mounts.
   * @param methods `'GET'`, `['GET', 'POST']` or `'*'`; GET serves HEAD too
   * @param pattern segments, `:name` for one, `*name` for the rest: `/users/:id/*path`. The values are in
   *   `environ['wsgiorg.routing_args'][1]`.
   * @throws {RouteError} FAPWS_ROUTE
   */
  route<const Pattern extends string>(
    methods: string | readonly string[],
    pattern: Pattern,
    application: Application<RouteEnviron<Pattern>>,
  ): this {
    checkApplication(application, `route('${pattern}', …)`);
    this.#router.route(methods, pattern, application as Application);
    return this;
  }

  /** Gives requests for which nothing is mounted or routed to an application. PATH_INFO is then the whole path. */
  fallback(application: Application): this {
    checkApplication(application, 'fallback(…)');
    this.#fallback = application;
    return this;
  }

  /**
   * Calls a function periodically while the server runs. One that answers false, or fails, is stopped.
   * @param seconds the period
   */
  addTimer(seconds: number, task: () => unknown): Timer {
    return this.#tasks.addTimer(seconds, task);
  }

  /** Calls a function later, when the requests that wait now have been seen to: one function per turn of the loop. */
  defer(task: () => unknown, options?: DeferOptions): void {
    this.#tasks.defer(task, options);
  }

  /** How many deferred functions wait. */
  get deferQueueSize(): number {
    return this.#tasks.waiting;
  }

  /**
   * Starts to listen, without touching signals or the terminal.
   * @returns where it listens
   * @throws {ListenError}
   */
  async listen(): Promise<Address> {
    if (this.#protocol !== null)
      throw new Error('This server listens already, or has been stopped. Make another one.');
    const protocol = this.#makeProtocol(task => this.#loop.afterTurn(task));
    this.#protocol = protocol;
    this.#opening = this.#loop.listen(
      this.#address,
      { backlog: this.#backlog },
      {
        open: transport => protocol.open(transport),
        error: error => this.#reportTask('accepting a connection', error),
      },
    );
    try {
      this.#listener = await this.#opening;
    } catch (error) {
      this.#protocol = null;
      throw error;
    }
    this.#wheelTimer = this.#loop.addTimer(WHEEL_TICK, () => protocol.turn(), false);
    this.#tasks.start();
    return this.#listener.address;
  }

  /**
   * Listens, says so in one line, and resolves when the server has been stopped by a signal or by `stop`.
   * @throws {ListenError}
   */
  async run(options: RunOptions = {}): Promise<void> {
    const address = await this.listen();
    (options.print ?? console.log)(`fapws: listening on ${addressForPeople(address)} (${this.loop} loop)`);
    const onSignal = (): void => {
      void this.stop(this.#stopping === null ? options : { graceMs: 0 });
    };
    if (options.signals !== false) {
      process.on('SIGINT', onSignal);
      process.on('SIGTERM', onSignal);
    }
    try {
      await this.#whenStopped;
    } finally {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    }
  }

  /**
   * Stops: accepts no more, lets requests in progress finish, then cuts what is left.
   * A second call with a shorter grace period shortens it.
   */
  stop({ graceMs = DEFAULT_GRACE }: StopOptions = {}): Promise<StopReport> {
    const protocol = this.#protocol;
    if (protocol === null) return Promise.resolve({ cut: 0 });
    // At once, so that a callback which stops the server still tells its client that the connection ends.
    protocol.stopping = true;
    const grace = Math.min(graceMs, LONGEST_GRACE);
    if (this.#stopping === null) this.#stopping = this.#stop(protocol, grace);
    else this.#cutSooner(protocol, grace, this.#stopping);
    return this.#stopping;
  }

  async #stop(protocol: Protocol, graceMs: number): Promise<StopReport> {
    try {
      await this.#opening;
    } catch {
      // Whoever called `listen` is told why it failed; there is nothing to stop.
      this.#stopping = null;
      return { cut: 0 };
    }
    this.#tasks.stop();
    await this.#listener?.close();
    this.#listener = null;
    const cut = await protocol.finish(graceMs);
    // Added afterwards: another call of stop may have cut some meanwhile.
    this.#cut += cut;
    this.#wheelTimer?.stop();
    try {
      if (this.#cut > 0) {
        this.#base.errors.write(`fapws: requests cut at the end of the grace period: ${this.#cut}\n`);
      }
    } finally {
      this.#stopped();
    }
    return { cut: this.#cut };
  }

  #cutSooner(protocol: Protocol, graceMs: number, stopping: Promise<StopReport>): void {
    const cut = (): void => {
      this.#cut += protocol.cutAll();
    };
    if (graceMs === 0) {
      cut();
      return;
    }
    const timer = setTimeout(cut, graceMs);
    void stopping.then(() => clearTimeout(timer));
  }

  /** Sends a request through routing and applications without a socket; see `call`. */
  call(request: CallRequest | string): Promise<CallResponse> {
    return callThrough(afterTurn => this.#makeProtocol(afterTurn), request);
  }

  #makeProtocol(afterTurn: (task: () => void) => void): Protocol {
    return new Protocol({
      parser: sharedParser(),
      limits: this.#limits,
      timeouts: this.#timeouts,
      answerer: this.#answerer,
      ident: this.#base.ident,
      afterTurn,
    });
  }

  /** HOT. */
  #answer(exchange: Exchange): void {
    const { head } = exchange;
    const base = this.#base;
    try {
      if (!base.methods.has(head.method) || head.form === AuthorityForm) {
        respondWithPage(base, exchange, Refusal.method.status, Refusal.method.detail);
        return;
      }
      if (head.framing === KnownLength && head.contentLength > exchange.contentLimit) {
        exchange.refuse(Refusal.contentTooLarge);
        return;
      }
      if (head.form === AsteriskForm) {
        this.#tellMethods(exchange, [...base.methods]);
        return;
      }
      const match = this.#router.find(head.method, head.path);
      switch (match.kind) {
        case 'route':
        case 'mount':
          answer(base, exchange, match.value, match);
          return;
        case 'not-found':
          if (this.#fallback !== null) answer(base, exchange, this.#fallback, unrouted(match.pathInfo));
          // As in Fapws3, a client may ask for the methods before it knows a path.
          else if (head.method === 'OPTIONS') this.#tellMethods(exchange, [...base.methods]);
          else respondWithPage(base, exchange, '404 Not Found', 'There is nothing at this path.');
          return;
        case 'method-not-allowed':
          if (head.method === 'OPTIONS') this.#tellMethods(exchange, match.allow);
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

  #tellMethods(exchange: Exchange, methods: readonly string[]): void {
    exchange.setHead('200 OK', [['Allow', methods.join(', ')]]);
    exchange.respond('');
  }

  #refusalPage(refusal: Refusal): RefusalPage {
    return pageOf(this.#base, refusal.status, refusal.detail, 'a request that was refused');
  }

  #reportTask(what: string, error: unknown): void {
    report(this.#base.errors, what, error);
  }
}

const noParameters: Readonly<Record<string, string>> = Object.freeze(Object.create(null)) as Record<
  string,
  string
>;

function unrouted(pathInfo: string): Routed {
  return { scriptName: '', pathInfo, params: noParameters };
}

function chosenLoop(): Loop {
  // The native loop of @fapws/ev will say which back ends it has; without it only the portable loop is here.
  chooseBackend(process.env['LIBEV_FLAGS'], []);
  return new PortableLoop(sharedParser().input);
}

function addressForPeople(address: Address): string {
  return 'port' in address ? `http://${addressText(address)}` : addressText(address);
}

function checkAddress(address: Address): void {
  if ('path' in address) {
    if (typeof address.path !== 'string' || address.path === '') {
      throw new ListenError(
        'FAPWS_LISTEN_ADDRESS',
        'The path of a unix socket is empty. Give a path such as /run/app.sock.',
      );
    }
  } else if ('fd' in address) {
    if (!Number.isInteger(address.fd) || address.fd < 0) {
      throw new ListenError(
        'FAPWS_LISTEN_FD',
        `${String(address.fd)} is not a file descriptor. Give a number from 0 on.`,
      );
    }
  } else {
    const { host, port } = address;
    if (typeof host !== 'string' || host === '') {
      throw new ListenError(
        'FAPWS_LISTEN_ADDRESS',
        `${JSON.stringify(host)} is not a host. Give an address such as 127.0.0.1, or 0.0.0.0 for all.`,
      );
    }
    if (!Number.isInteger(port) || port < 0 || port > 65_535) {
      throw new ListenError(
        'FAPWS_LISTEN_ADDRESS',
        `${JSON.stringify(port)} is not a port. Give a number from 0 (any free port) to 65535.`,
      );
    }
  }
}

function checkApplication(application: unknown, where: string): void {
  if (typeof application !== 'function') {
    throw new TypeError(
      `${where}: the application is ${application === null ? 'null' : `a ${typeof application}`}, not a function.`,
    );
  }
}

/** Defaults with what the user changes. @throws {RangeError} for a name that is none or a bound that can't be one */
function bounds<T extends object>(what: string, defaults: T, changes: Partial<T> = {}): T {
  for (const [name, value] of Object.entries(changes)) {
    if (!(name in defaults)) {
      throw new RangeError(
        `There is no ${what} called ${name}. There are: ${Object.keys(defaults).join(', ')}.`,
      );
    }
    if (value !== undefined && !(typeof value === 'number' && value > 0)) {
      throw new RangeError(
        `The ${what} ${name} is a number above 0, or Infinity for none, not ${String(value)}.`,
      );
    }
  }
  const given = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
  return { ...defaults, ...given };
}
