// Files of environment variables, as `node --env-file` reads them.

import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';

/**
 * What they say together; a later one wins over those before it.
 * @param files absolute paths
 * @throws {RangeError} when one can't be read
 */
export function readEnvFiles(files: readonly string[]): Record<string, string | undefined> {
  const variables: Record<string, string | undefined> = {};
  for (const file of files) Object.assign(variables, parseEnv(textOf(file)));
  return variables;
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new RangeError(
      code === 'ENOENT'
        ? `There is no file ${file}, which envFile names. Make it, or take it out of envFile.`
        : `The file ${file}, which envFile names, can't be read: ${message}`,
    );
  }
}
