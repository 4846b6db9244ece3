// Makes dist of what users install: index.js, all modules in one file, which starts three times as fast as forty of them,
// with short names for what only a function sees, and the declarations that can be reached from index.d.ts, of those that `tsc -b` left in build/.

import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { build } from 'esbuild';
import { minify } from 'terser';
import { asPublished } from './as-published.mjs';

const packageFolder = resolve(import.meta.dirname, '..');
const declarations = join(packageFolder, 'build');
const dist = join(packageFolder, 'dist');

const bundle = await build({
  ...asPublished,
  entryPoints: [join(packageFolder, 'src/index.ts')],
  write: false,
});

/**
 * Gives local variables and private fields short names, which takes a sixth off. Functions, classes and methods keep theirs, so
 * that a stack trace says where it comes from; terser would rename private methods too, so meanwhile they look public.
 */
async function withShortLocals(code) {
  // `get#name` is two words.
  const plain = code.replace(/(?<=\w)#(?=[a-z])/gi, ' #').replace(/#(?=[a-z])/gi, HASH);
  const shortened = await minify(plain, {
    ecma: 2022,
    compress: false,
    mangle: { keep_fnames: true, keep_classnames: true },
    format: { comments: /^!/, max_line_len: asPublished.lineLimit },
  });
  return withShortFields(shortened.code.replaceAll(HASH, '#'));
}

/** Gives private fields short names, the shortest to those that occur most. */
function withShortFields(code) {
  const declared = new Set([...code.matchAll(/(?<!\.)#([a-z]\w*)(?=[=;}])/gi)].map(([, name]) => name));
  const methods = new Set([...code.matchAll(/(?<!\.)#([a-z]\w*)(?=\()/gi)].map(([, name]) => name));
  const counts = new Map();
  for (const [, name] of code.matchAll(/#([a-z]\w*)/gi)) {
    if (declared.has(name) && !methods.has(name)) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const short = new Map();
  let number = 0;
  for (const [name] of [...counts].sort(([, one], [, other]) => other - one)) {
    do {
      short.set(name, (number < 26 ? '' : LETTERS[Math.floor(number / 26) - 1]) + LETTERS[number % 26]);
      number += 1;
    } while (methods.has(short.get(name)));
  }
  return code.replace(/#([a-z]\w*)/gi, (whole, name) => (short.has(name) ? `#${short.get(name)}` : whole));
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyz';

/** Stands for `#`; nothing else is called like that. */
const HASH = '__hash__';

/** The files of build/ that a declaration file imports. */
function imports(file) {
  const text = readFileSync(join(declarations, file), 'utf8');
  return [...text.matchAll(/\b(?:from|import)[ (]*['"](\.[^'"]+)\.ts['"]/g)].map(([, specifier]) =>
    join(dirname(file), `${specifier}.d.ts`),
  );
}

/** A declaration file as it is published: indented by tabs, and without comments where no user reads them. */
function declarationsOf(file) {
  const text = readFileSync(join(declarations, file), 'utf8').replace(/^( {4})+/gm, spaces =>
    '\t'.repeat(spaces.length / 4),
  );
  if (file === entry || publicFiles.has(file)) return text;
  return text.replace(/(['"])(?:[^\\\n]|\\.)*?\1|\s*(?:\/\*[\s\S]*?\*\/|\/\/.*)/g, (part, quote) =>
    quote === undefined ? '' : part,
  );
}

const entry = 'index.d.ts';
/** What index.ts exports from; others are there only because these mention their types. */
const publicFiles = new Set(imports(entry));
const reachable = new Set([entry]);
for (const file of reachable) for (const imported of imports(file)) reachable.add(imported);

rmSync(dist, { recursive: true, force: true });
for (const file of reachable) {
  mkdirSync(dirname(join(dist, file)), { recursive: true });
  writeFileSync(join(dist, file), declarationsOf(file));
}
writeFileSync(join(dist, 'index.js'), await withShortLocals(bundle.outputFiles[0].text));
