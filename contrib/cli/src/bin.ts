#!/usr/bin/env node
// The program `fapws`.

import { fail } from './fail.ts';
import { main } from './main.ts';

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  fail(error);
}
