// All that @fapws/log offers. What is not here is not public.

export { type AccessLog, log } from './log.ts';
export type { LogOptions } from './options.ts';
export type { RequestIdOptions } from './request-id.ts';
