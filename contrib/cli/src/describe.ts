// `fapws describe`: what would be served, and how, as decided.

import { availableParallelism } from 'node:os';
import { type Address, defaultLimits, defaultTimeouts } from '@fapws/core';
import type { Places } from './addresses.ts';
import { pythonNameOf } from './application/python-settings.ts';
import type { Front } from './front.ts';
import type { OptionValues, Settings } from './options/settings.ts';
import type { Paint } from './terminal.ts';

type Row = readonly [string, string];

export function descriptionOf(
  { server }: Front,
  settings: Settings,
  { addresses, origin }: Places,
  paint: Paint,
): string {
  const { values } = settings;
  const sections: readonly (readonly [string, readonly Row[]])[] = [
    ['application', [[nameOf(settings), '']]],
    ['addresses', addresses.map(address => [addressText(address), origin])],
    ['routes', routesOf(server, values)],
    ['processes', processRows(settings)],
    ['middlewares', middlewareRows(values)],
    ['loop', [[server.loop, `Node ${process.versions.node}`]]],
    ['limits', bounds(defaultLimits, values.httpLimit)],
    ['timeouts', bounds({ ...defaultTimeouts, idle: values.keepAlive }, values.httpTimeout)],
  ];
  return sections
    .filter(([, rows]) => rows.length > 0)
    .map(([title, rows]) => `${paint.heading(title)}\n${tableOf(rows)}`)
    .join('\n');
}

function nameOf({ values, language }: Settings): string {
  if (language === 'python') return `${pythonNameOf(values.wsgi as string)} (Python)`;
  return values.app ?? 'files only';
}

function addressText(address: Address): string {
  if ('fd' in address) return `fd:${address.fd}`;
  if ('path' in address) return `unix:${address.path.replace(/^\0/, '@')}`;
  return `http://${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`;
}

function routesOf(server: Front['server'], values: OptionValues): Row[] {
  const folders = new Map(values.static.map(({ prefix, folder }) => [prefix.replace(/\/+$/, ''), folder]));
  const rows = [...server.links()].map(({ kind, methods, pattern }): Row => {
    const folder = kind === 'mount' ? folders.get(pattern) : undefined;
    const path = kind === 'mount' ? `${pattern}/*` : pattern;
    return [`${methods.join(' ').padEnd(8)} ${path}`, folder === undefined ? '' : `files of ${folder}`];
  });
  return server.hasFallback ? [...rows, ['*        (all else)', '']] : rows;
}

function processRows({ values, language }: Settings): Row[] {
  const { least, most, auto } = values.workers;
  const count = auto
    ? `${availableParallelism()} (auto)`
    : least === most
      ? String(least)
      : `${least}-${most}`;
  const workers: Row[] =
    language === 'python'
      ? [
          ['fronts', String(values.fronts)],
          ['Python processes', count],
          ['threads of each', String(values.threads)],
        ]
      : [['processes', count]];
  return [
    ...workers,
    ['stuck for', none(values.timeout, 's')],
    ['requests of each', none(values.maxRequests, '')],
    ['time to finish', `${values.gracefulTimeout} s`],
  ];
}

function none(value: number, unit: string): string {
  return value === 0 ? 'any' : `${value}${unit === '' ? '' : ` ${unit}`}`;
}

function middlewareRows(values: OptionValues): Row[] {
  const { log, accessLogfile, forwardedAllow, proxyProtocol, gzip } = values;
  return [
    ...(log !== undefined || accessLogfile !== undefined
      ? [['access log', `${log ?? 'combined'} to ${accessLogfile ?? '-'}`] as const]
      : []),
    ...(proxyProtocol ? [['PROXY protocol', `from ${values.proxyAllowFrom.join(', ')}`] as const] : []),
    ...(forwardedAllow.length > 0
      ? [['proxy', `${forwardedAllow.join(', ')}: ${values.forwardedHeader.join(', ')}`] as const]
      : []),
    ...(gzip ? [['gzip', 'by Accept-Encoding'] as const] : []),
  ];
}

function bounds(
  defaults: object,
  given: readonly { readonly name: string; readonly value: number }[],
): Row[] {
  const values = { ...defaults, ...Object.fromEntries(given.map(({ name, value }) => [name, value])) };
  return Object.entries(values as Readonly<Record<string, number>>).map(([name, value]) => [
    name,
    value === Number.POSITIVE_INFINITY ? 'none' : String(value),
  ]);
}

function tableOf(rows: readonly Row[]): string {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows
    .map(([name, value]) => `  ${name.padEnd(width)}  ${value}`.trimEnd())
    .join('\n')
    .concat('\n');
}
