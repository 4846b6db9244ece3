// How esbuild makes one file of core's modules: for users, and for benchmarks, which measure what users get.

/** @type {import('esbuild').BuildOptions} */
export const asPublished = {
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  packages: 'external',
  // Names stay, and so do lines of a readable length: a stack trace still says where it comes from.
  minifyWhitespace: true,
  minifySyntax: true,
  lineLimit: 120,
  legalComments: 'inline',
};
