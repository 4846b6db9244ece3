// What a process is set to before the application is loaded in it: folder, permission bits, name, variables.

import { readFileSync } from 'node:fs';
import { createRequire, isBuiltin } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseEnv } from 'node:util';
import { UsageError } from './errors.ts';
import type { Settings } from './options/settings.ts';
import { leaveTypeScriptTo } from './typescript/enable.ts';

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

/** Loads the modules of `--import`, in a process that Node was not told to. @throws {UsageError} */
export async function importFirst({ values, origins }: Settings): Promise<void> {
  const { resolve } = createRequire(join(process.cwd(), 'fapws.js'));
  for (const name of values.import) {
    try {
      await import(isBuiltin(name) ? name : pathToFileURL(resolve(name)).href);
    } catch (error) {
      const [line] = (error as Error).message.split('\n');
      throw new UsageError(
        `${origins.import}: ${name} can't be loaded: ${line}.`,
        'Install it, or correct its name.',
      );
    }
  }
  leaveTypeScriptTo(values.import);
}
