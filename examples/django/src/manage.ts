// Commands of manage.py.

import { spawnSync } from 'node:child_process';

/**
 * Runs one to its end; what it prints goes where this program prints.
 * @returns whether all is well
 */
export function manage(folder: string, environment: NodeJS.ProcessEnv, ...command: string[]): boolean {
  const { status, error } = spawnSync('python3', ['manage.py', ...command], {
    cwd: folder,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (error !== undefined)
    console.error(`python3 can't be started: ${error.message}. Install Python 3.8 or later.`);
  return status === 0;
}
