// All that @fapws/cgi offers. What is not here is not public.

export { type CgiTarget, cgi } from './cgi.ts';
export type { CgiLimits, CgiOptions, CgiTimeouts } from './options.ts';
