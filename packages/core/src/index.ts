// All that @fapws/core offers. What is not here is not public.

export { Base, type BaseOptions } from './base/base.ts';
export type { CookieOptions } from './base/cookie.ts';
export { LazyEnviron, type Routed, type ServerFacts, visitEnviron } from './base/environ.ts';
export { type ErrorPage, plainErrorPage } from './base/error-page.ts';
export { type ErrorStream, standardError } from './base/error-stream.ts';
export { type FileExtent, type FileLike, FileResult, fileWrapper } from './base/file-wrapper.ts';
export { Input } from './base/input.ts';
export { parseQuery } from './base/query.ts';
export { WsgiResponse } from './base/response.ts';
export type {
  After,
  Application,
  Chunk,
  Environ,
  Header,
  Headers,
  Middleware,
  Outcome,
  Result,
  RoutingArguments,
  StartResponse,
  Write,
} from './base/types.ts';
export { type CallRequest, type CallResponse, call } from './call.ts';
export type { StopOptions, StopReport } from './ending.ts';
export { httpDate } from './http/clock.ts';
export { ContractError, type ContractErrorCode, RequestError, type RequestErrorCode } from './http/errors.ts';
export type { AbortedEvent, RefusedEvent, RequestEvent, TimeoutEvent } from './http/events.ts';
export type { Exchange } from './http/exchange.ts';
export { defaultLimits, defaultTimeouts, type Limits, type Timeouts } from './http/limits.ts';
export type { Preface, PrefaceResult } from './http/preface.ts';
export { ListenError, type ListenErrorCode } from './loop/errors.ts';
// For those who open sockets themselves: native loops, primaries of several processes.
export { addressText, checkReusePort, failureToListen, prepareSocketFile } from './loop/listening.ts';
export type {
  Acceptor,
  Address,
  Endpoint,
  InheritedAddress,
  Listener,
  ListenOptions,
  Loop,
  LoopTimer,
  Receiver,
  TcpAddress,
  Transport,
  UnixAddress,
} from './loop/types.ts';
export type { Linked, LinkOptions, ServerOptions } from './options.ts';
export { RouteError } from './router/errors.ts';
export type { PathParameters } from './router/parameters.ts';
export type { Found, Link, Match, Router } from './router/types.ts';
export {
  type RouteEnviron,
  type RunOptions,
  Server,
  start,
} from './server.ts';
export type { DeferOptions, Timer } from './tasks.ts';
