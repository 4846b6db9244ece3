// How values are written: one reader per kind, for arguments, variables and configuration files alike. A reader throws a
// ValueError whose message ends the sentence "NAME is VALUE, …".

import type { Address, Limits, Timeouts } from '@fapws/core';
import { defaultLimits, defaultTimeouts } from '@fapws/core';
import { nearest } from './nearest.ts';
import type { KindName, Option } from './table.ts';

export class ValueError extends Error {}

/** Where to listen, and how that was written. */
export interface Bind {
  readonly text: string;
  readonly address: Address;
}

export interface StaticMount {
  readonly prefix: string;
  readonly folder: string;
}

export interface Pair {
  readonly name: string;
  readonly value: string;
}

export interface Bound<Name extends string> {
  readonly name: Name;
  readonly value: number;
}

/** How many processes run the application: both numbers are the same unless it varies. */
export interface WorkerCount {
  readonly least: number;
  readonly most: number;
  /** One per processor. */
  readonly auto: boolean;
}

/** What each kind of text stands for. */
export interface Values {
  address: Bind;
  count: number;
  file: string;
  flag: boolean;
  folder: string;
  mount: StaticMount;
  octets: number;
  pair: Pair;
  permissions: number;
  seconds: number;
  'size-bound': Bound<keyof Limits>;
  text: string;
  'time-bound': Bound<keyof Timeouts>;
  trust: string;
  workers: WorkerCount;
}

interface Kind<T> {
  /** What stands for the value in --help. */
  readonly placeholder: string;
  read(text: string, option: Option): T;
}

const units: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400 };
const powers: Readonly<Record<string, number>> = { K: 1024, M: 1024 ** 2, G: 1024 ** 3 };
const LONGEST = 86_400 * 365;

export const kinds: { readonly [Name in KindName]: Kind<Values[Name]> } = {
  address: { placeholder: 'ADDRESS', read: bindOf },
  count: { placeholder: 'NUMBER', read: countOf },
  file: { placeholder: 'FILE', read: filled },
  flag: { placeholder: '', read: flagOf },
  folder: { placeholder: 'FOLDER', read: filled },
  mount: { placeholder: '/PATH=FOLDER', read: mountOf },
  octets: { placeholder: 'SIZE', read: octetsOf },
  pair: { placeholder: 'NAME=VALUE', read: pairOf },
  permissions: { placeholder: 'BITS', read: permissionsOf },
  seconds: { placeholder: 'SECONDS', read: secondsOf },
  'size-bound': { placeholder: 'NAME=SIZE', read: text => boundOf(text, defaultLimits, octetsOf) },
  text: { placeholder: 'TEXT', read: filled },
  'time-bound': { placeholder: 'NAME=SECONDS', read: text => boundOf(text, defaultTimeouts, secondsOf) },
  trust: { placeholder: 'PROXY', read: filled },
  workers: { placeholder: 'NUMBER', read: workersOf },
};

function filled(text: string): string {
  if (text === '') throw new ValueError('but there is nothing to be read from an empty value');
  if (text.includes('\0')) throw new ValueError('which has a NUL in it');
  return text;
}

function flagOf(text: string): boolean {
  if (/^(1|true|yes|on)$/i.test(text)) return true;
  if (/^(0|false|no|off|)$/i.test(text)) return false;
  throw new ValueError('neither yes nor no; write 1 or 0');
}

function countOf(text: string, { least = 0, most = 1_000_000_000 }: Option): number {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw new ValueError(
    most === 1_000_000_000
      ? `not a whole number from ${least} on`
      : `not a whole number from ${least} to ${most}`,
  );
}

function secondsOf(text: string): number {
  const [, digits, unit = 's'] = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h|d)?$/.exec(text) ?? [];
  const value = Number(digits) * (units[unit] as number);
  if (value <= LONGEST) return value;
  throw new ValueError('not a number of seconds; write 30, 0.5, 500ms, 10m or 2h, up to a year');
}

function octetsOf(text: string): number {
  const [, digits, unit = ''] = /^(\d{1,12}(?:\.\d{1,3})?)([KMG])?(?:i?B)?$/i.exec(text) ?? [];
  if (digits !== undefined) return Math.round(Number(digits) * (powers[unit.toUpperCase()] ?? 1));
  throw new ValueError('not a size; write octets, 64K, 100M or 2G');
}

function boundOf<Name extends string>(
  text: string,
  known: Readonly<Record<Name, number>>,
  read: (text: string) => number,
): Bound<Name> {
  const [, name = '', value = ''] = /^([^=]*)=(.*)$/s.exec(text) ?? [];
  const names = Object.keys(known);
  if (!names.includes(name)) {
    const meant = nearest(name, names);
    throw new ValueError(
      `not a bound and its value, NAME=VALUE; ${meant === undefined ? `there are ${names.join(', ')}` : `did you mean ${meant}?`}`,
    );
  }
  return { name: name as Name, value: value === 'none' ? Number.POSITIVE_INFINITY : read(value) };
}

function pairOf(text: string): Pair {
  const [, name, value = ''] = /^([^=\0\s]+)=([^\0]*)$/.exec(text) ?? [];
  if (name === undefined) throw new ValueError('not a variable and its value; write NAME=VALUE');
  return { name, value };
}

function mountOf(text: string): StaticMount {
  const [, prefix, folder = ''] = /^(\/[^=]*)=([^\0]+)$/.exec(text) ?? [];
  if (prefix === undefined) {
    throw new ValueError('not a path and a folder; write /assets=public, or /=public for the whole site');
  }
  return { prefix, folder };
}

function permissionsOf(text: string): number {
  if (!/^(0o?)?[0-7]{1,3}$/.test(text)) throw new ValueError('not permission bits; write them in octal, 660');
  return Number.parseInt(text.replace(/^0o?/, '') || '0', 8);
}

function workersOf(text: string, option: Option): WorkerCount {
  if (text === 'auto') return { least: 0, most: 0, auto: true };
  const [, first, second = first] = /^(\d{1,4})(?:-(\d{1,4}))?$/.exec(text) ?? [];
  const least = Number(first);
  const most = Number(second);
  if (least >= 1 && most >= least && most <= 1024) return { least, most, auto: false };
  throw new ValueError(
    `not a number of processes from 1 to 1024; write ${option.name === 'workers' ? '4, auto or 2-8' : '4'}`,
  );
}

const ADDRESSES = 'write 127.0.0.1:8080, :8080 for all interfaces, [::1]:8080, unix:/run/app.sock or fd:3';

function bindOf(text: string): Bind {
  const socket = /^unix:(?:\/\/(?=\/))?(.+)$/s.exec(text)?.[1];
  if (socket !== undefined) return { text, address: { path: socket.replace(/^@/, '\0') } };
  const descriptor = /^fd:(?:\/\/)?(\d{1,6})$/.exec(text)?.[1];
  if (descriptor !== undefined) return { text, address: { fd: Number(descriptor) } };
  const [, bracketed, plain, port] =
    /^(?:\[([0-9a-fA-F:.%a-z]+)\]:|([^:/\s[\]]*):)?(\d{1,5})$/.exec(text) ?? [];
  if (port === undefined) throw new ValueError(`not an address; ${ADDRESSES}`);
  if (Number(port) > 65_535) throw new ValueError('whose port is none: there are 0 (any free one) to 65535');
  // As gunicorn reads it: nothing before the colon is every interface.
  const host = bracketed ?? (plain === undefined ? '127.0.0.1' : plain === '' ? '0.0.0.0' : plain);
  return { text, address: { host, port: Number(port) } };
}
