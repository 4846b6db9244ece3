// A Python application with the options of the command, and why it can't be loaded in as few words as that needs.

import { type ErrorStream, standardError } from '@fapws/core';
import { type PythonApplication, type PythonOptions, pythonApp, WorkerError } from '@fapws/wsgi';
import { LoadFailure, UsageError } from '../errors.ts';
import type { OptionValues, Settings } from '../options/settings.ts';
import { type ProcessCount, pythonNameOf, pythonProcessesOf } from './python-settings.ts';

/** The error stream, without the reports of a start that fails: those are made here, in fewer words. */
class StartErrors implements ErrorStream {
  #held: string[] | null = [];

  begin(): void {
    for (const text of this.#held ?? []) standardError.write(text);
    this.#held = null;
  }

  write(text: string): void {
    if (this.#held !== null && text.startsWith('fapws: ')) this.#held.push(text);
    else standardError.write(text);
  }

  writelines(lines: Iterable<string>): void {
    for (const line of lines) this.write(line);
  }

  flush(): void {
    standardError.flush();
  }
}

/**
 * Starts it.
 * @throws {UsageError} for options that can't be meant
 */
export function startPython({ values, origins }: Settings): PythonApplication {
  try {
    const errors = new StartErrors();
    const app = pythonApp(pythonNameOf(values.wsgi as string), { ...optionsOf(values), errors });
    if (!values.reload) {
      app.ready.then(
        () => errors.begin(),
        // It is said by whoever waits for the application.
        () => {},
      );
    } else errors.begin();
    return app;
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(error.message);
    throw new UsageError(`${origins.wsgi}: ${(error as Error).message}`);
  }
}

/** @throws {UsageError} when fronts can't share the processes */
function optionsOf(values: OptionValues): PythonOptions {
  const { reload, reloadExtra, queue, queueTimeout } = values;
  return withoutUndefined({
    python: values.python,
    venv: values.venv,
    pythonpath: values.pythonpath,
    processEnvironment: Object.fromEntries(values.env.map(({ name, value }) => [name, value])),
    envFile: values.dotenv,
    threads: values.threads,
    startTimeout: values.startTimeout,
    workers: shareOf(values),
    requestTimeout: orNone(values.timeout) ?? Number.POSITIVE_INFINITY,
    gracefulTimeout: values.gracefulTimeout,
    maxRequests: orNone(values.maxRequests),
    maxRequestsJitter: values.maxRequests === 0 ? undefined : values.maxRequestsJitter,
    maxLifetime: orNone(values.maxLifetime),
    maxMemory: orNone(values.maxMemory),
    queue:
      queue === undefined && queueTimeout === undefined
        ? undefined
        : withoutUndefined({ length: queue, timeout: queueTimeout }),
    preload: values.preload || undefined,
    reload: reload ? { paths: reloadExtra } : undefined,
  });
}

/** The part of them that one front has. */
function shareOf(values: OptionValues): ProcessCount {
  const { min, max } = pythonProcessesOf(values);
  const { fronts } = values;
  if (min % fronts !== 0 || max % fronts !== 0) {
    throw new UsageError(
      `${fronts} fronts can't share ${min === max ? min : `${min}-${max}`} workers evenly.`,
      'Give --workers a multiple of --fronts.',
    );
  }
  return { min: min / fronts, max: max / fronts };
}

function orNone(value: number): number | undefined {
  return value === 0 ? undefined : value;
}

function withoutUndefined<T extends object>(given: T): { [Name in keyof T]: Exclude<T[Name], undefined> } {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as {
    [Name in keyof T]: Exclude<T[Name], undefined>;
  };
}

/** What keeps the application from being loaded, as an error that its user can act on. */
export function whyPythonFailed(error: unknown, application: string): Error {
  if (!(error instanceof WorkerError)) return error as Error;
  const { message } = error;
  const missing = /ModuleNotFoundError: No module named '([^']+)'\s*$/.exec(message)?.[1];
  if (missing !== undefined) return withoutModule(missing, application);
  const at = message.indexOf('Traceback (most recent call last)');
  if (at < 0) return new UsageError(sentenceOf(message));
  return new LoadFailure(message.slice(at).trimEnd());
}

function withoutModule(missing: string, application: string): UsageError {
  const [module = ''] = application.split(':');
  return module === missing || module.startsWith(`${missing}.`)
    ? new UsageError(
        `There is no Python module ${missing} in ${process.cwd()}.`,
        'Check the name, or say where it is with --chdir, --pythonpath or --venv.',
      )
    : new UsageError(
        `${application} imports ${missing}, which this Python does not have.`,
        'Install it there, or name the virtual environment that has it with --venv.',
      );
}

/** What is no traceback is a sentence already: no interpreter, no attribute, nothing that can be called. */
function sentenceOf(message: string): string {
  const interpreter = /There is no (\S+)\. Install Python/.exec(message)?.[1];
  if (interpreter !== undefined) {
    return `There is no ${interpreter}. Install Python 3.8 or later, or say where it is with --python or --venv.`;
  }
  const [first = '', ...more] = message.split('\n').filter(line => line !== '');
  return more.join(' ') || first;
}
