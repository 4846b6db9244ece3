// What @fapws/gzip offers: answers in the coding that the client likes best.

export type { Encoding } from './codings.ts';
export { compressible } from './compressible.ts';
export { gzip } from './gzip.ts';
export type { GzipOptions } from './options.ts';
