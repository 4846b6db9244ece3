// The server that was asked for, put together of core and contrib packages. Where its processes run is not its business.

import { resolve } from 'node:path';
import type { Address, Application, Middleware, ServerOptions } from '@fapws/core';
import { RouteError } from '@fapws/core';
import { type ForwardedOptions, forwarded, proxyProtocol } from '@fapws/forwarded';
import { gzip } from '@fapws/gzip';
import { type AccessLog, log } from '@fapws/log';
import { staticFiles } from '@fapws/static';
import type { PythonApplication } from '@fapws/wsgi';
import { loadModule, targetOf } from './application/module.ts';
import { ObservedServer } from './application/observed-server.ts';
import { startPython, whyPythonFailed } from './application/python.ts';
import { pythonNameOf } from './application/python-settings.ts';
import { UsageError } from './errors.ts';
import { logFormatOf } from './log-format.ts';
import type { StaticMount } from './options/kinds.ts';
import type { OptionValues, Settings } from './options/settings.ts';

export interface Front {
  readonly server: ObservedServer;
  readonly access: AccessLog | null;
  readonly python: PythonApplication | null;
}

/** Makes the server, without an application yet: what the options say of it is checked here. @throws {UsageError} */
export function frontOf(settings: Settings, addresses: readonly Address[], outermost?: Middleware): Front {
  const { values } = settings;
  const server = new ObservedServer(addresses, serverOptionsOf(settings));
  server.base({ traceback: values.traceback || values.reload, multiprocess: isOneOfMany(settings) });
  if (outermost !== undefined) server.use(outermost);
  const access = accessLogOf(settings);
  if (access !== null) server.use(access);
  if (values.forwardedAllow.length > 0) server.use(believed(settings));
  if (values.gzip) server.use(gzip());
  if (values.health !== undefined) {
    within(settings.origins.health, () => server.route('GET', values.health as string, server.health));
  }
  return { server, access, python: settings.language === 'python' ? startPython(settings) : null };
}

function serverOptionsOf({ values, origins }: Settings): ServerOptions {
  const { httpLimit, httpTimeout, keepAlive, proxyProtocol: hasHeaders, proxyAllowFrom } = values;
  return {
    backlog: values.backlog,
    limits: within(origins.httpLimit, () => boundsOf(httpLimit)),
    timeouts: { idle: keepAlive === 0 ? 0.001 : keepAlive, ...boundsOf(httpTimeout) },
    preface: hasHeaders
      ? within(origins.proxyAllowFrom, () => proxyProtocol({ trust: trustOf(proxyAllowFrom).trust }))
      : undefined,
  };
}

function boundsOf(
  bounds: readonly { readonly name: string; readonly value: number }[],
): Record<string, number> {
  return Object.fromEntries(bounds.map(({ name, value }) => [name, value]));
}

function isOneOfMany({ values, language }: Settings): boolean {
  return language !== 'python' && (values.workers.most > 1 || values.workers.auto);
}

function accessLogOf({ values, origins }: Settings): AccessLog | null {
  const { log: format, accessLogfile: file } = values;
  if (format === undefined && file === undefined) return null;
  return within(format === undefined ? origins.accessLogfile : origins.log, () =>
    log({
      to: file === undefined || file === '-' ? 'stdout' : { file },
      format: logFormatOf(format ?? 'combined'),
      refused: true,
      // Which process is signalled is decided by the one that watches them.
      reopenOn: false,
    }),
  );
}

/** `*` is whoever connects, as gunicorn has it; then the last address of a list is the client's. */
function trustOf(proxies: readonly string[]): { readonly trust: readonly string[]; readonly hops?: number } {
  return proxies.includes('*') ? { trust: ['0.0.0.0/0', '::/0', 'unix'], hops: 1 } : { trust: proxies };
}

function believed({ values, origins }: Settings): Middleware {
  return within(origins.forwardedAllow, () =>
    forwarded({
      ...trustOf(values.forwardedAllow),
      // Names that are none are refused there.
      headers: values.forwardedHeader as ForwardedOptions['headers'],
    }),
  );
}

/** Loads the application and mounts it, with the folders of files before it. @throws {UsageError} and what the module throws */
export async function mountAll({ server, python }: Front, settings: Settings): Promise<void> {
  const { values, language } = settings;
  const folders = values.static.map(one => ({ ...one, prefix: one.prefix.replace(/(?<=.)\/+$/, '') }));
  checkFolders(folders, settings);
  const application = python ?? (language === 'javascript' ? await javascript(server, settings) : null);
  if (python !== null) await loaded(python, values);
  const prefix = values.prefix.replace(/(?<=.)\/+$/, '');
  for (const { prefix: at, folder } of folders) {
    const isBefore = application !== null && at === prefix;
    const files = staticFiles(resolve(folder), isBefore ? { fallthrough: application } : {});
    // What a module has mounted itself has the paths that it has taken; a whole site of files is for the others.
    if (at === '/' && application === null && !server.isEmpty && !server.hasFallback) server.fallback(files);
    else within(settings.origins.static, () => server.mount(at, files));
  }
  if (application === null || folders.some(one => one.prefix === prefix)) return;
  within(settings.origins.prefix, () => server.mount(prefix, application));
}

function checkFolders(folders: readonly StaticMount[], { origins }: Settings): void {
  for (const { folder } of folders) {
    // Throws when it is not there.
    within(origins.static, () => staticFiles(resolve(folder)));
  }
}

/** @returns what is to be mounted; null if the module has done so itself */
async function javascript(server: ObservedServer, { values }: Settings): Promise<Application | null> {
  const target = targetOf(values.app as string);
  const exported = await loadModule(target);
  if (exported.kind === 'application') return exported.application;
  const before = [...server.links()].length;
  await exported.mount(server);
  if (server.hasFallback || [...server.links()].length > before) return null;
  throw new UsageError(
    `${target.file} was given the server and has mounted nothing on it.`,
    'A function of one parameter is called with the server; an application has two, (environ, startResponse).',
  );
}

async function loaded(python: PythonApplication, { wsgi }: OptionValues): Promise<void> {
  try {
    await python.ready;
  } catch (error) {
    throw whyPythonFailed(error, pythonNameOf(wsgi as string));
  }
}

/** What another package says of an option, with the name of whoever has given it. */
function within<T>(origin: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    const isOfUser =
      error instanceof RangeError ||
      error instanceof TypeError ||
      error instanceof RouteError ||
      (error as NodeJS.ErrnoException).syscall !== undefined;
    if (!isOfUser || error instanceof UsageError) throw error;
    throw new UsageError(`${origin}: ${(error as Error).message.replace(/\.?$/, '.')}`);
  }
}
