// What a process is set to before the application is loaded in it: folder, permission bits, name, variables.

import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { UsageError } from './errors.ts';
import type { Settings } from './options/settings.ts';

/** Goes to the folder of `--chdir`, from which all other paths start. @throws {UsageError} */
export function goToFolder({ values, origins }: Settings): void {
  const { chdir } = values;
  if (chdir === undefined) return;
  try {
    process.chdir(chdir);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError(
      `${origins.chdir}: ${chdir} ${code === 'ENOENT' ? 'is not there' : code === 'ENOTDIR' ? 'is no folder' : `can't be entered (${code})`}.`,
      'Name a folder that this user may enter.',
    );
  }
}

/** @param role what it does, for ps and top */
export function setUpProcess({ values }: Settings, role: string): void {
  if (values.umask !== undefined) process.umask(values.umask);
  if (values.name !== undefined) process.title = `fapws: ${values.name} [${role}]`;
}

/** Variables for an application in this process. Python's get theirs when they are started. @throws {UsageError} */
export function setVariables({ values, origins }: Settings): void {
  for (const file of values.dotenv) {
    let content: string;
    try {
      content = readFileSync(file, 'utf8');
    } catch (error) {
      throw new UsageError(
        `${origins.dotenv}: ${file} can't be read (${(error as NodeJS.ErrnoException).code}).`,
        'Check its path and permissions.',
      );
    }
    for (const [name, value] of Object.entries(parseEnv(content))) process.env[name] ??= value;
  }
  for (const { name, value } of values.env) process.env[name] = value;
}
