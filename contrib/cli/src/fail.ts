// The one place where a failure becomes words and an exit code: a line for what the user can put right, a stack for the rest.

import { ListenError } from '@fapws/core';
import { ActivationError } from '@fapws/systemd';
import { WorkersError } from '@fapws/workers';
import { exitCodes, LoadFailure, UsageError } from './errors.ts';
import { paintFor } from './terminal.ts';

/** Says why on standard error and sets the exit code. */
export function fail(error: unknown): void {
  process.exitCode = isOfUser(error) ? exitCodes.usage : exitCodes.failed;
  const { wrong } = paintFor(process.stderr);
  process.stderr.write(`${wrong('fapws:')} ${wordsFor(error)}\n`);
}

function isOfUser(error: unknown): boolean {
  return [UsageError, ListenError, ActivationError].some(kind => error instanceof kind);
}

/** One line if that is enough. */
export function wordsFor(error: unknown): string {
  if (isOfUser(error) || error instanceof WorkersError) return (error as Error).message;
  if (error instanceof LoadFailure) return `the application can't be loaded.\n${error.message}`;
  return `the application can't be loaded.\n${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
}
