// A process that serves for the supervisor, which starts it with its own arguments. What is wrong is said here, in a line, and
// the exit code tells the supervisor that it has been said.

import { developAsWorker } from './development/develop.ts';
import { fail } from './fail.ts';
import { takeHandedOver } from './hand-over.ts';
import { readArguments } from './options/arguments.ts';
import { readSettings, withWorkers } from './options/settings.ts';
import { setUpProcess } from './prepare.ts';
import { serveAsWorker } from './serve.ts';

try {
  const { configFile, development, workers } = takeHandedOver(process.env);
  const settings = withWorkers(
    await readSettings(readArguments(process.argv.slice(2)), process.env, configFile),
    workers,
  );
  setUpProcess(settings, 'worker');
  if (development === null) await serveAsWorker(settings);
  else await developAsWorker(settings, development);
} catch (error) {
  fail(error);
}
