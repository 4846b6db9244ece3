// From a request's path to a script: the first file on the way from the root, and nothing outside of it.

import { access, constants, realpath, stat } from 'node:fs/promises';
import { basename, dirname, extname, isAbsolute, join, relative, sep } from 'node:path';
import { notFound, Refusal } from './refusal.ts';

/** A script, and how a request reaches it. */
export interface Script {
  /** The absolute path of the file, without symbolic links. */
  readonly file: string;
  /** The folder in which it runs. */
  readonly folder: string;
  /** What of the path led to it: added to SCRIPT_NAME. */
  readonly name: string;
  /** What is left of the path: PATH_INFO. */
  readonly pathInfo: string;
  /** The program and its arguments. */
  readonly command: readonly [program: string, ...args: string[]];
}

/**
 * Finds the script that a path below `root` means.
 * @param root without symbolic links
 * @throws {Refusal} 404 if there is none, 403 if it may not be run
 */
export async function findScript(
  root: string,
  path: string,
  interpreters: ReadonlyMap<string, readonly string[]>,
): Promise<Script> {
  let place = root;
  let name = '';
  let rest = path;
  while (rest !== '') {
    const [, segment = '', following = ''] = /^\/([^/]*)(.*)$/s.exec(rest) ?? [];
    // Core has resolved dot segments; a middleware may have put another path in place. What begins with a dot is hidden:
    // editors and version control leave there what nobody should run.
    if (segment === '' || segment.startsWith('.') || segment.includes('\\') || segment.includes('\0'))
      throw notFound();
    place = join(place, segment);
    name += `/${segment}`;
    rest = following;
    const kind = await kindOf(place);
    if (kind === 'file') return scriptOf(await insideOf(root, place), name, rest, interpreters);
    if (kind === 'other') throw notFound(`${place} is neither a file nor a folder`);
  }
  throw notFound();
}

/**
 * A file as a script.
 * @param file without symbolic links
 * @throws {Refusal}
 */
export async function scriptOf(
  file: string,
  name: string,
  pathInfo: string,
  interpreters: ReadonlyMap<string, readonly string[]>,
): Promise<Script> {
  if (isNonParsedHeader(name) || isNonParsedHeader(file)) {
    throw new Refusal(
      '501 Not Implemented',
      'Scripts that write the whole answer themselves are not run here.',
      `${file} is a non-parsed header script by its name`,
    );
  }
  const interpreter = interpreters.get(extname(file));
  try {
    await access(file, interpreter === undefined ? constants.X_OK : constants.R_OK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw notFound(`${file} is not there`);
    const missing = interpreter === undefined ? 'executable (chmod +x)' : 'readable';
    throw new Refusal(
      '403 Forbidden',
      'This script may not be run.',
      `${file} is not ${missing} for the server's user`,
    );
  }
  const [program, ...args] = interpreter === undefined ? [file] : [...interpreter, file];
  return { file, folder: dirname(file), name, pathInfo, command: [program as string, ...args] };
}

/** RFC 3875 5: what they write goes past the server, which then can't keep the connection in order. */
export function isNonParsedHeader(path: string): boolean {
  return basename(path).toLowerCase().startsWith('nph-');
}

async function kindOf(place: string): Promise<'file' | 'folder' | 'other'> {
  try {
    const found = await stat(place);
    return found.isFile() ? 'file' : found.isDirectory() ? 'folder' : 'other';
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EACCES') {
      throw new Refusal(
        '403 Forbidden',
        'This script may not be run.',
        `${place}: the server's user may not look there`,
      );
    }
    // Whatever is wrong with a name, a loop of links or one that is too long, it leads to no script.
    throw notFound(code === 'ENOENT' || code === 'ENAMETOOLONG' ? '' : `${place}: ${code}`);
  }
}

/** The file behind symbolic links. @throws {Refusal} 404 if it is outside */
async function insideOf(root: string, place: string): Promise<string> {
  const file = await realpath(place);
  const way = relative(root, file);
  if (way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way)) {
    throw notFound(`${place} is a link that leads out of ${root}, to ${file}`);
  }
  return file;
}
