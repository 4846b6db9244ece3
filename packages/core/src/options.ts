// What can be said when a server is made, and the checks that make a mistake there a clear error at once.

import type { Application } from './base/types.ts';
import { defaultLimits, defaultTimeouts, type Limits, type Timeouts } from './http/limits.ts';
import type { Preface } from './http/preface.ts';
import { ListenError } from './loop/errors.ts';
import type { Address, Loop } from './loop/types.ts';
import { methodNames } from './parser/codes.ts';
import type { Router } from './router/types.ts';

export interface ServerOptions {
  /** How many connections the kernel may keep waiting. @default 511 */
  readonly backlog?: number | undefined;
  /**
   * Whether other processes may listen on the same TCP port at the same time; the kernel spreads new connections over them.
   * Needs Node 22.12 or newer. @default false
   */
  readonly reusePort?: boolean | undefined;
  /** Bounds on size and number. @default defaultLimits */
  readonly limits?: Partial<Limits> | undefined;
  /** Bounds on time. @default defaultTimeouts */
  readonly timeouts?: Partial<Timeouts> | undefined;
  /** Reads what trusted peers send before their first request, such as the PROXY protocol. @default none */
  readonly preface?: Preface | undefined;
  /** Finds the application for a path. @default a radix tree */
  readonly router?: Router<Linked> | undefined;
  /** The event loop. @default what LIBEV_FLAGS asks for, else the best one that works here */
  readonly loop?: Loop | undefined;
}

/** Bounds for what is under one mount or route, in place of the server's. */
export interface LinkOptions {
  readonly limits?: Partial<Pick<Limits, 'content'>> | undefined;
  readonly timeouts?: Partial<Pick<Timeouts, 'handler'>> | undefined;
}

/** What is mounted or routed: an application, and its own bounds where they differ from the server's. */
export interface Linked {
  readonly application: Application;
  /** The application with what `server.use` puts around it. */
  entry: Application;
  /** Octets of content. */
  readonly contentLimit: number | undefined;
  /** Seconds. */
  readonly handlerTimeout: number | undefined;
}

const optionNames = ['backlog', 'reusePort', 'limits', 'timeouts', 'preface', 'router', 'loop'];
const addressNames = ['host', 'port', 'path', 'mode', 'fd'];

/**
 * @throws {RangeError} for a name that is no option: a misspelt one would be ignored otherwise
 */
export function checkNames(what: string, given: object, known: readonly string[]): void {
  for (const name of Object.keys(given)) {
    if (!known.includes(name)) {
      throw new RangeError(`There is no ${what} called ${name}. There are: ${known.join(', ')}.`);
    }
  }
}

/** @throws {RangeError} or TypeError */
export function checkOptions(options: ServerOptions, withAddress: boolean): void {
  checkNames('option of a server', options, withAddress ? [...addressNames, ...optionNames] : optionNames);
  const { preface } = options;
  if (preface === undefined) return;
  if (typeof preface?.expectedFrom === 'function' && typeof preface.read === 'function') return;
  throw new TypeError(
    'preface: an object with the methods expectedFrom and read, as @fapws/forwarded has one.',
  );
}

export function limitsOf({ limits = {} }: ServerOptions): Limits {
  checkBounds('limit', limits, Object.keys(defaultLimits));
  return { ...defaultLimits, ...given(limits) };
}

export function timeoutsOf({ timeouts = {} }: ServerOptions): Timeouts {
  checkBounds('timeout', timeouts, Object.keys(defaultTimeouts));
  return { ...defaultTimeouts, ...given(timeouts) };
}

/** What is mounted or routed, with bounds of its own. @throws {RangeError} or TypeError */
export function linkedOf(application: Application, options: LinkOptions, where: string): Linked {
  checkApplication(application, where);
  checkNames('option of a mount or route', options, ['limits', 'timeouts']);
  const { limits = {}, timeouts = {} } = options;
  checkBounds('limit of a mount or route', limits, ['content']);
  checkBounds('timeout of a mount or route', timeouts, ['handler']);
  return { application, entry: application, contentLimit: limits.content, handlerTimeout: timeouts.handler };
}

/** The one bound that is a lower one: 0 switches it off. */
const LOWER_BOUND = 'contentRate';

/** @throws {RangeError} for a name that is none or a bound that can't be one */
function checkBounds(what: string, bounds: object, names: readonly string[]): void {
  checkNames(what, bounds, names);
  for (const [name, value] of Object.entries(bounds)) {
    if (value === undefined || (typeof value === 'number' && value > 0)) continue;
    if (name === LOWER_BOUND && value === 0) continue;
    const none = name === LOWER_BOUND ? '0' : 'Infinity';
    throw new RangeError(
      `The ${what} ${name} is a number above 0, or ${none} for none, not ${String(value)}.`,
    );
  }
}

function given<T extends object>(bounds: Partial<T>): Partial<T> {
  return Object.fromEntries(Object.entries(bounds).filter(([, value]) => value !== undefined)) as Partial<T>;
}

/** @throws {ListenError} FAPWS_LISTEN_ADDRESS, FAPWS_LISTEN_FD; RangeError for `reusePort` without a port */
export function checkAddresses(addresses: readonly Address[], { reusePort }: ServerOptions): void {
  if (addresses.length === 0) {
    throw new ListenError(
      'FAPWS_LISTEN_ADDRESS',
      'The list of addresses is empty. A server needs one: start([{ host, port }]).',
    );
  }
  for (const address of addresses) checkAddress(address);
  if (reusePort === true && !addresses.some(address => 'port' in address)) {
    throw new RangeError('reusePort shares a TCP port, but none of the addresses has one. Leave it out.');
  }
}

/** @throws {ListenError} FAPWS_LISTEN_ADDRESS, FAPWS_LISTEN_FD */
export function checkAddress(address: Address): void {
  if (typeof address !== 'object' || address === null) {
    throw new ListenError(
      'FAPWS_LISTEN_ADDRESS',
      'A server needs an address: start(host, port), start({ path }) or start({ fd }).',
    );
  }
  if ('path' in address) {
    if (typeof address.path === 'string' && address.path !== '') return;
    throw new ListenError(
      'FAPWS_LISTEN_ADDRESS',
      'The path of a unix socket is empty. Give a path such as /run/app.sock.',
    );
  }
  if ('fd' in address) {
    if (Number.isInteger(address.fd) && address.fd >= 0) return;
    throw new ListenError(
      'FAPWS_LISTEN_FD',
      `${String(address.fd)} is not a file descriptor. Give a number from 0 on.`,
    );
  }
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
      `${typeof port === 'string' ? JSON.stringify(port) : String(port)} is not a port. Give a number from 0 (any free port) to 65535.`,
    );
  }
}

/** @throws {RangeError} for a method that llhttp does not know: no request with it would ever arrive here */
export function checkMethods(methods: Iterable<string>): void {
  for (const method of methods) {
    if (methodNames.includes(method)) continue;
    throw new RangeError(
      `${JSON.stringify(method)} is not a method that this server can read. There are: ${methodNames.join(', ')}.`,
    );
  }
}

/** @throws {TypeError} */
function checkApplication(application: unknown, where: string): void {
  if (typeof application === 'function') return;
  const kind = application === null || application === undefined ? String(application) : typeof application;
  throw new TypeError(`${where}: the application must be a function, not ${kind}.`);
}
