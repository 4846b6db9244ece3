// `pnpm new:contrib NAME ["What it does, in one sentence."]`: a new package in contrib/ from contrib/.template, with its
// changeset. In the template, the words of `words` below are replaced, in file names too; `.txt` keeps tools from
// taking the template for a package.

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const template = join(root, 'contrib/.template');

class UsageError extends Error {}

/** Writes the package and its changeset; returns the paths written, from the repository's root. */
function createContrib(name, description) {
  checkName(name);
  const folder = join(root, 'contrib', name);
  const changeset = join(root, '.changeset', `new-${name}.md`);
  for (const path of [folder, changeset, join(root, 'packages', name)]) {
    if (existsSync(path))
      throw new UsageError(`${relative(root, path)} exists already: choose another name.`);
  }

  const parts = name.split('-');
  const type = parts.map(part => part[0].toUpperCase() + part.slice(1)).join('');
  const core = JSON.parse(readFileSync(join(root, 'packages/core/package.json'), 'utf8'));
  const identifier = type[0].toLowerCase() + type.slice(1);
  const words = {
    NAME: name,
    TYPE: type,
    IDENTIFIER: reservedWords.has(identifier) ? `${identifier}Middleware` : identifier,
    DESCRIPTION: description,
    CORE_RANGE: `>=${core.version} <2`,
  };
  const fill = (text, write = word => word) =>
    text.replace(/NAME|TYPE|IDENTIFIER|DESCRIPTION|CORE_RANGE/g, word => write(words[word]));
  const inJson = word => JSON.stringify(word).slice(1, -1);

  const written = [];
  for (const entry of readdirSync(template, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const source = join(entry.parentPath ?? entry.path, entry.name);
    const place = fill(relative(template, source)).replace(/\.txt$/, '');
    const target = place === 'changeset.md' ? changeset : join(folder, place);
    mkdirSync(dirname(target), { recursive: true });
    const text = readFileSync(source, 'utf8');
    writeFileSync(target, target.endsWith('.json') ? fill(text, inJson) : fill(text));
    written.push(relative(root, target));
  }
  return written;
}

function checkName(name) {
  if (name === undefined) {
    throw new UsageError('usage: pnpm new:contrib NAME ["What it does, in one sentence."]');
  }
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name) || name.length > 40) {
    throw new UsageError(
      `"${name}" cannot be a package's name here: use up to 40 lower-case letters, digits and single dashes, ` +
        'beginning with a letter and without the scope, as in "access-log".',
    );
  }
}

/** Words of the language: the function which the package exports cannot be called so. */
const reservedWords = new Set(
  (
    'await break case catch class const continue debugger default delete do else enum export extends false finally for ' +
    'function if implements import in instanceof interface let new null package private protected public return ' +
    'static super switch this throw true try typeof var void while with yield'
  ).split(' '),
);

try {
  const [name, description = `The ${name} of Fapws.`, ...rest] = process.argv.slice(2);
  if (rest.length > 0) throw new UsageError('The description is one argument: put it in quotes.');
  if (/[\n\r]|\*\//.test(description)) throw new UsageError('The description is one line of plain text.');
  for (const file of createContrib(name, description)) console.log(`wrote ${file}`);
  console.log(`\nNext: npx -y pnpm@12 install && npx -y pnpm@12 --filter @fapws/${name} test`);
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
