// The shape of a configuration file, made of the table of options.

import type { Camel, KindName, Row } from './options/table.ts';

interface Written {
  address: string | number;
  count: number;
  file: string;
  flag: boolean;
  folder: string;
  mount: string;
  octets: number | string;
  pair: string;
  permissions: number | string;
  seconds: number | string;
  'size-bound': string;
  text: string;
  'time-bound': string;
  trust: string;
  workers: number | string;
}

/** Pairs can be written as an object: `{ '/assets': 'public' }`, `{ content: '100M' }`. */
type Members<K extends KindName> = K extends 'mount' | 'pair' | 'size-bound' | 'time-bound'
  ? Readonly<Record<string, string | number>>
  : never;

type WrittenOf<R extends Row> = R extends { readonly many: true }
  ? Written[R['kind']] | readonly Written[R['kind']][] | Members<R['kind']>
  : Written[R['kind']];

type OfOneCall = 'config' | 'check-config' | 'print-config' | 'help' | 'version';

/** Options by their names in camelCase; `fapws --help` says what each does. */
export type Config = {
  readonly [R in Exclude<Row, { readonly name: OfOneCall }> as Camel<R['name']>]?: WrittenOf<R> | undefined;
};

/** Gives an editor the names and types of the options: `export default defineConfig({ bind: ':8080' })`. */
export function defineConfig(config: Config): Config {
  return config;
}
