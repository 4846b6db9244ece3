// The server as its user sees it, and the one place where the rooms are put together: loop, protocol, router, base.

import { performance } from 'node:perf_hooks';
import { Base, type BaseOptions, baseParts } from './base/base.ts';
import { report } from './base/error-stream.ts';
import type { Application, Environ, Middleware } from './base/types.ts';
import { type CallRequest, type CallResponse, callThrough } from './call.ts';
import { Dispatcher } from './dispatch.ts';
import { Ending, type StopOptions, type StopReport } from './ending.ts';
import type { Limits, Timeouts } from './http/limits.ts';
import type { Preface } from './http/preface.ts';
import { Protocol, WHEEL_TICK } from './http/protocol.ts';
import { chooseBackend } from './loop/choice.ts';
import { addressText } from './loop/listening.ts';
import { PortableLoop } from './loop/portable.ts';
import type { Acceptor, Address, Listener, Loop, LoopTimer } from './loop/types.ts';
import {
  checkAddress,
  checkAddresses,
  checkNames,
  checkOptions,
  type LinkOptions,
  limitsOf,
  linkedOf,
  type ServerOptions,
  timeoutsOf,
} from './options.ts';
import { sharedParser } from './parser/parser.ts';
import type { PathParameters } from './router/parameters.ts';
import { RadixRouter } from './router/radix.ts';
import type { Link } from './router/types.ts';
import { type DeferOptions, Tasks, type Timer } from './tasks.ts';

export interface RunOptions extends StopOptions {
  /** Whether SIGINT and SIGTERM stop the server; a second one, half a second later or more, stops it at once. @default true */
  readonly signals?: boolean | undefined;
  /** Prints the start line. @default console.log */
  readonly print?: ((line: string) => void) | undefined;
}

/** An environ whose routing arguments have the names of the route's pattern. */
export type RouteEnviron<Pattern extends string> = Environ<PathParameters<Pattern>>;

const DEFAULT_BACKLOG = 511;
/** Milliseconds within which a second signal is the same one: a terminal's Ctrl-C reaches a child of npm twice. */
const SAME_SIGNAL = 500;

/**
 * Makes a server for one address or several. It listens when `run` or `listen` is called.
 * @throws {ListenError} FAPWS_LISTEN_ADDRESS for an address that can't be one, FAPWS_LOOP_UNAVAILABLE for LIBEV_FLAGS that
 *   can't be met
 * @throws {RangeError} for an option that is none
 */
export function start(host: string, port: number, options?: ServerOptions): Server;
export function start(addressAndOptions: Address & ServerOptions): Server;
export function start(addresses: readonly Address[], options?: ServerOptions): Server;
export function start(
  where: string | (Address & ServerOptions) | readonly Address[],
  portOrOptions?: number | ServerOptions,
  options?: ServerOptions,
): Server {
  if (typeof where === 'string') {
    return new Server([{ host: where, port: portOrOptions as number }], options);
  }
  if (isList(where)) return new Server(where, portOrOptions as ServerOptions | undefined);
  checkAddress(where);
  checkOptions(where, true);
  const { backlog, reusePort, limits, timeouts, preface, router, loop, ...address } = where;
  return new Server([address], { backlog, reusePort, limits, timeouts, preface, router, loop });
}

function isList(where: Address | readonly Address[]): where is readonly Address[] {
  return Array.isArray(where);
}

/** Applications under paths, on one address or several. */
export class Server {
  readonly #wanted: readonly Address[];
  readonly #backlog: number;
  readonly #reusePort: boolean;
  readonly #limits: Limits;
  readonly #timeouts: Timeouts;
  readonly #preface: Preface | undefined;
  readonly #loop: Loop;
  readonly #dispatcher: Dispatcher;
  readonly #tasks: Tasks;
  #protocol: Protocol | null = null;
  /** Settles when it is known whether the server listens. */
  #opening: Promise<void> | null = null;
  #listeners: Listener[] = [];
  #wheelTimer: LoopTimer | null = null;
  #stopping: Promise<StopReport> | null = null;
  #ending: Ending | null = null;
  /** Resolves when the server listens, with where. */
  readonly whenListening: Promise<readonly Address[]>;
  /** Resolves when a stop begins, before the lame-duck time. */
  readonly whenStopping: Promise<void>;
  /** Resolves when the server has stopped. */
  readonly whenStopped: Promise<StopReport>;
  #listening: (addresses: readonly Address[]) => void = () => {};
  #stopBegins: () => void = () => {};
  #stopped: (report: StopReport) => void = () => {};

  constructor(addresses: readonly Address[], options: ServerOptions = {}) {
    checkOptions(options, false);
    checkAddresses(addresses, options);
    this.#wanted = addresses;
    this.#backlog = options.backlog ?? DEFAULT_BACKLOG;
    this.#reusePort = options.reusePort ?? false;
    this.#limits = limitsOf(options);
    this.#timeouts = timeoutsOf(options);
    this.#preface = options.preface;
    this.#dispatcher = new Dispatcher(options.router ?? new RadixRouter());
    this.#loop = options.loop ?? chosenLoop();
    this.#tasks = new Tasks(this.#loop, (what, error) => this.#report(what, error));
    this.whenListening = new Promise(resolve => {
      this.#listening = resolve;
    });
    this.whenStopping = new Promise(resolve => {
      this.#stopBegins = resolve;
    });
    this.whenStopped = new Promise(resolve => {
      this.#stopped = resolve;
    });
  }

  /** The name of the event loop in use. */
  get loop(): string {
    return this.#loop.name;
  }

  /** Where the server listens in fact, with the ports that the system chose; empty while it does not. */
  get addresses(): readonly Address[] {
    return this.#listeners.map(listener => listener.address);
  }

  /** The first address as a URL, `http://127.0.0.1:8080`, or as `unix:/path`; empty while the server does not listen. */
  get url(): string {
    const address = this.addresses[0];
    return address === undefined ? '' : addressForPeople(address);
  }

  /** What is mounted and routed, for those who print it. */
  *links(): Generator<Link<Application>> {
    for (const link of this.#dispatcher.router.links()) yield { ...link, value: link.value.application };
  }

  /**
   * Says whether this server wants requests, to balancers that ask: 200, and 503 from the moment in which a stop begins.
   * `server.route('GET', '/health', server.health)`
   */
  readonly health: Application = (_environ, startResponse) => {
    const stopping = this.#stopping !== null;
    startResponse(stopping ? '503 Service Unavailable' : '200 OK', [
      ['Content-Type', 'text/plain'],
      ['Cache-Control', 'no-store'],
    ]);
    return stopping ? 'stopping\n' : 'ok\n';
  };

  /**
   * Replaces parts of the WSGI face, before the server listens. What `options` leaves out stays as it is.
   * @throws {RangeError} for a method that can't be read
   */
  base(options: BaseOptions): this {
    if (this.#protocol !== null) throw new Error('base() comes before listen() or run().');
    checkNames('part of the base', options, baseParts);
    this.#dispatcher.base = new Base(options, this.#dispatcher.base);
    return this;
  }

  /**
   * Puts a middleware around all applications of this server, those that come later too, and around the answers that it gives
   * itself: 404, 405, OPTIONS. The one that is used first is the outermost. Requests that are refused because they are
   * malformed, too large or too slow reach nobody; see `fapws:refused` in docs/observing.md.
   */
  use(middleware: Middleware): this {
    if (typeof middleware !== 'function') throw new TypeError('use(…): a middleware is a function.');
    this.#dispatcher.use(middleware);
    return this;
  }

  /**
   * Gives all requests at and below a path to an application. The longest prefix wins, by whole segments.
   * @param prefix `/api`, or `''` or `'/'` for everything
   * @param options bounds of its own: `{ limits: { content: 2 ** 30 } }`
   * @throws {RouteError} FAPWS_ROUTE
   */
  mount(prefix: string, application: Application, options: LinkOptions = {}): this {
    this.#dispatcher.mount(prefix, linkedOf(application, options, `mount('${prefix}', …)`));
    return this;
  }

  /**
   * Gives requests with a method and a path of a certain form to an application. Routes go before mounts.
   * @param methods `'GET'`, `['GET', 'POST']` or `'*'`; GET serves HEAD too
   * @param pattern segments, `:name` for one, `*name` for the rest: `/users/:id/*path`. The values are in
   *   `environ['wsgiorg.routing_args'][1]`.
   * @param options bounds of its own: `{ timeouts: { handler: 5 } }`
   * @throws {RouteError} FAPWS_ROUTE
   */
  route<const Pattern extends string>(
    methods: string | readonly string[],
    pattern: Pattern,
    application: Application<RouteEnviron<Pattern>>,
    options: LinkOptions = {},
  ): this {
    const linked = linkedOf(application as Application, options, `route('${pattern}', …)`);
    this.#dispatcher.route(methods, pattern, linked);
    return this;
  }

  /** Gives requests for which nothing is mounted or routed to an application. PATH_INFO is then the whole path. */
  fallback(application: Application, options: LinkOptions = {}): this {
    this.#dispatcher.fallback = linkedOf(application, options, 'fallback(…)');
    return this;
  }

  /**
   * Calls a function periodically while the server runs, until it answers false. What it throws is reported, and it is called again.
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
   * @throws {ListenError} and then it listens nowhere
   */
  async listen(): Promise<readonly Address[]> {
    if (this.#protocol !== null) {
      throw new Error('This server listens already, or has been stopped. Make another one.');
    }
    const protocol = this.#makeProtocol(task => this.#loop.afterTurn(task), this.#preface);
    this.#protocol = protocol;
    this.#opening = this.#open({
      open: transport => protocol.open(transport),
      error: error => this.#report('accepting a connection', error),
    });
    try {
      await this.#opening;
    } catch (error) {
      this.#protocol = null;
      throw error;
    }
    // Later in the turn: after a callback that has kept the loop busy, what has arrived meanwhile is looked at first.
    const turn = (): void => protocol.turn();
    this.#wheelTimer = this.#loop.addTimer(WHEEL_TICK, () => this.#loop.defer(turn), false);
    this.#tasks.start();
    const { addresses } = this;
    this.#listening(addresses);
    return addresses;
  }

  async #open(acceptor: Acceptor): Promise<void> {
    try {
      for (const address of this.#wanted) {
        const options = { backlog: this.#backlog, reusePort: this.#reusePort };
        this.#listeners.push(await this.#loop.listen(address, options, acceptor));
      }
    } catch (error) {
      await this.#closeListeners();
      throw error;
    }
  }

  async #closeListeners(): Promise<void> {
    await Promise.all(this.#listeners.map(listener => listener.close()));
    this.#listeners = [];
  }

  /**
   * Listens, says so in one line, and resolves when the server has been stopped by a signal or by `stop`.
   * @throws {ListenError}
   */
  async run(options: RunOptions = {}): Promise<void> {
    let firstSignal = Number.NaN;
    const onSignal = (): void => {
      const now = performance.now();
      // The first one asks, also when the program has begun to stop by itself.
      if (Number.isNaN(firstSignal)) {
        firstSignal = now;
        void this.stop(options);
      } else if (now - firstSignal >= SAME_SIGNAL) void this.stop({ graceMs: 0 });
    };
    if (options.signals !== false) {
      process.on('SIGINT', onSignal);
      process.on('SIGTERM', onSignal);
    }
    try {
      // Whoever reads the line may already send a signal.
      const where = (await this.listen()).map(addressForPeople).join(', ');
      (options.print ?? console.log)(`fapws: listening on ${where} (${this.loop} loop)`);
      await this.whenStopped;
    } finally {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    }
  }

  /**
   * Stops: after the lame-duck time accepts no more, lets requests in progress finish, then cuts what is left. Connections that
   * were in use within the last second get that second for a request that may be on its way.
   * A second call can shorten both times: without a lame-duck time it ends that at once.
   */
  stop(options: StopOptions = {}): Promise<StopReport> {
    const protocol = this.#protocol;
    if (protocol === null) return Promise.resolve({ cut: 0 });
    if (this.#ending === null || this.#stopping === null) {
      this.#ending = new Ending(protocol, options);
      this.#stopping = this.#stop(protocol, this.#ending);
      this.#stopBegins();
    } else this.#ending.shorten(options);
    return this.#stopping;
  }

  async #stop(protocol: Protocol, ending: Ending): Promise<StopReport> {
    try {
      await this.#opening;
    } catch {
      // Whoever called `listen` is told why it failed; there is nothing to stop.
      this.#stopping = null;
      ending.over();
      return { cut: 0 };
    }
    await ending.lameDuckTime;
    protocol.beginStop();
    this.#tasks.stop();
    await this.#closeListeners();
    const cut = await ending.finish();
    this.#wheelTimer?.stop();
    const report = { cut };
    this.#stopped(report);
    try {
      if (cut > 0) {
        this.#dispatcher.base.errors.write(`fapws: requests cut at the end of the grace period: ${cut}\n`);
      }
    } catch {
      // A broken log must not turn the end of a server into a failure, and there is no other place to tell of it.
    }
    return report;
  }

  /** Sends a request through routing and applications without a socket; see `call`. */
  call(request: CallRequest | string): Promise<CallResponse> {
    return callThrough(afterTurn => this.#makeProtocol(afterTurn), request);
  }

  #makeProtocol(afterTurn: (task: () => void) => void, preface?: Preface): Protocol {
    return new Protocol({
      server: this,
      parser: sharedParser(),
      limits: this.#limits,
      timeouts: this.#timeouts,
      preface,
      answerer: this.#dispatcher,
      ident: this.#dispatcher.base.ident,
      afterTurn,
    });
  }

  #report(what: string, error: unknown): void {
    report(this.#dispatcher.base.errors, what, error);
  }
}

function chosenLoop(): Loop {
  // The native loop of @fapws/ev will say which back ends it has; without it only the portable loop is here.
  chooseBackend(process.env['LIBEV_FLAGS'], []);
  return new PortableLoop(sharedParser().input);
}

function addressForPeople(address: Address): string {
  return 'port' in address ? `http://${addressText(address)}` : addressText(address);
}
