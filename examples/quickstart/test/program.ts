// The example as its user runs it.

import { join } from 'node:path';
import { Program } from '@fapws/testing';

const entry = join(import.meta.dirname, '../src/server.ts');

/** Starts the example. @param port what PORT says; by default any free one */
export function quickstart(port = '0'): Program {
  return Program.fromSource(entry, { PORT: port });
}
