// All that @fapws/static offers. What is not here is not public.

export type { CacheOptions, Coding, ServedFile, StaticOptions } from './options.ts';
export { staticFiles } from './static-files.ts';
