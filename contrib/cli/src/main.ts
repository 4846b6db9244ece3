// The command: reads what is asked for and does it. What serves is imported when it is needed: a supervisor never needs it.

import { readFileSync } from 'node:fs';
import { type Places, placesOf } from './addresses.ts';
import { targetOf } from './application/module.ts';
import { exitCodes, UsageError } from './errors.ts';
import type { Front } from './front.ts';
import { helpPage } from './help.ts';
import { type CommandLine, readArguments } from './options/arguments.ts';
import { misspelt } from './options/environment.ts';
import { readSettings, type Settings } from './options/settings.ts';
import { goToFolder, importFirst } from './prepare.ts';
import { configPage } from './print-config.ts';
import { identityOf } from './privileges.ts';
import { serveSupervised } from './supervised.ts';
import { paintFor } from './terminal.ts';

/** Columns that a line of --help has at most. */
const WIDEST = 110;

/**
 * Runs the command to its end.
 * @param args without node and the program
 * @returns the exit code
 * @throws {UsageError} and whatever else keeps the application from being served
 */
export async function main(args: readonly string[]): Promise<number> {
  const commandLine = readArguments(args);
  const paint = paintFor(process.stdout);
  if (asks(commandLine, 'help')) {
    return printed(helpPage(paint, Math.min(process.stdout.columns ?? WIDEST, WIDEST)));
  }
  if (asks(commandLine, 'version')) return printed(`fapws ${ownVersion()}, Node ${process.versions.node}\n`);
  for (const { name, meant } of misspelt(process.env)) {
    process.stderr.write(`fapws: there is no variable ${name}, so it changes nothing. Is ${meant} meant?\n`);
  }
  const settings = await readSettings(commandLine, process.env);
  if (settings.values.printConfig) return printed(configPage(settings, paint));
  goToFolder(settings);
  checkApplication(settings);
  const places = placesOf(settings);
  if (commandLine.describe) {
    const { descriptionOf } = await import('./describe.ts');
    return await withFront(settings, places, front => printed(descriptionOf(front, settings, places, paint)));
  }
  if (settings.values.checkConfig) {
    identityOf(settings);
    return await withFront(settings, places, () =>
      printed('fapws: the configuration is correct, and the application loads\n'),
    );
  }
  if (settings.values.supervisor) return await serveSupervised(settings, places, args);
  checkAlone(settings);
  await importFirst(settings);
  const { serveAlone } = await import('./serve.ts');
  await serveAlone(settings, places.addresses);
  return exitCodes.fine;
}

function asks({ given }: CommandLine, option: string): boolean {
  return given.get(option)?.texts[0] === 'yes';
}

function printed(text: string): number {
  process.stdout.write(text);
  return exitCodes.fine;
}

function ownVersion(): string {
  return (
    JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }
  ).version;
}

/** What can be said before any process is started for it. @throws {UsageError} */
function checkApplication({ values, language, origins }: Settings): void {
  if (language === 'none' && values.static.length === 0) {
    throw new UsageError(
      'There is no application.',
      'Name one, as in fapws app.ts or fapws wsgi module:application, or a folder of files, as in fapws --static /=public.',
    );
  }
  if (language === 'javascript') targetOf(values.app as string);
  if (language !== 'python' && values.workers.least !== values.workers.most) {
    throw new UsageError(
      `${origins.workers}: only the number of Python processes can vary.`,
      'Give one number, or auto.',
    );
  }
}

/** What one process can't do. @throws {UsageError} */
function checkAlone({ values, origins, language }: Settings): void {
  const one = (name: 'fronts' | 'user' | 'group' | 'reload', why: string): never => {
    throw new UsageError(`${origins[name]} ${why}.`, 'Leave --no-supervisor out.');
  };
  if (values.user !== undefined) one('user', 'needs the supervisor, which opens the sockets');
  if (values.group !== undefined) one('group', 'needs the supervisor, which opens the sockets');
  if (values.reload && language !== 'python')
    one('reload', 'needs the supervisor, which starts the new process');
  if (values.fronts > 1) one('fronts', 'needs the supervisor');
  if (language !== 'python' && (values.workers.auto || values.workers.most > 1)) {
    throw new UsageError(`${origins.workers} needs the supervisor.`, 'Leave --no-supervisor out.');
  }
}

/** Loads all that would be served, and serves nothing. */
async function withFront(
  settings: Settings,
  { addresses }: Places,
  use: (front: Front) => number,
): Promise<number> {
  await importFirst(settings);
  const { closeAll, loadedFront } = await import('./serve.ts');
  const front = await loadedFront(settings, addresses);
  try {
    return use(front);
  } finally {
    await closeAll(front);
  }
}
