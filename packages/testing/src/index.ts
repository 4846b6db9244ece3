// What the tests of several packages share. It must not know any of the packages that use it.

export { Chromium, chromium } from './chromium.ts';
export { Example, shownOrigin } from './example.ts';
export { type Block, blocksOf, brokenLinksOf, localLinksOf } from './markdown.ts';
export { installed, optional } from './optional.ts';
export { isAlive, Program, run } from './program.ts';
export { makeBarePython, pathTo, pythonWith } from './python.ts';
export { type ReadmeProgram, ReadmeProject } from './readme-project.ts';
export { replay, type SessionOptions, sessionOf } from './session.ts';
export { runFromSource } from './source.ts';
