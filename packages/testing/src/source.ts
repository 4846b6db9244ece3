// Child processes of tests: they run TypeScript and read sibling packages from source, as the tests themselves do.

/**
 * The arguments that let a Node process of its own run a TypeScript file of the workspace without a build:
 * `spawn(process.execPath, [...runFromSource, file])`.
 */
export const runFromSource: readonly string[] = [
  '--conditions=@fapws/source',
  '--import',
  import.meta.resolve('tsx'),
];
