// Pythons of this machine and their modules, which examples and tests want.

import { delimiter, dirname, join } from 'node:path';
import { optional } from './optional.ts';
import { run } from './program.ts';

/** The one that is found first, and Debian's, which has what apt-get installs and may stand behind it. */
const pythons = ['python3', '/usr/bin/python3'];

/** A Python that has a module, which Debian calls `python3-<module>`; undefined where {@link optional} lets tests be skipped. */
export function pythonWith(module: string): string | undefined {
  const look = `import importlib.util, sys; sys.exit(importlib.util.find_spec(${JSON.stringify(module)}) is None)`;
  const python = pythons.find(candidate => run(candidate, ['-c', look]).code === 0);
  optional(`Python's ${module}`, python !== undefined, `apt-get install python3-${module}`);
  return python;
}

/** A `PATH` in which `python3` is this one. */
export function pathTo(python: string | undefined): string {
  const path = process.env['PATH'] as string;
  return python?.includes('/') ? [dirname(python), path].join(delimiter) : path;
}

/** Makes a Python that has no modules but its own: an empty virtual environment. */
export function makeBarePython(folder: string): string {
  const { code, output } = run('python3', ['-m', 'venv', '--without-pip', folder]);
  if (code !== 0) throw new Error(`No virtual environment could be made in ${folder}:\n${output}`);
  return join(folder, 'bin/python3');
}
