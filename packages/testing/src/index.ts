// What the tests of several packages share. It must not know any of the packages that use it.

export { optional } from './optional.ts';
export { runFromSource } from './source.ts';
