// All that @fapws/sessions offers. What is not here is not public.

export type { SessionCookieOptions } from './cookie.ts';
export { SessionConflict, SessionError, type SessionErrorCode } from './errors.ts';
export { MemoryStore, type MemoryStoreOptions } from './memory-store.ts';
export type { SessionsOptions } from './options.ts';
export type { Session } from './session.ts';
export { sessionOf, sessions } from './sessions.ts';
export type { SessionStore } from './store.ts';
