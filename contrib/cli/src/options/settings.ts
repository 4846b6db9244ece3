// All that was decided: for each option its value and where it comes from. Flags go before variables, variables before the
// configuration file, that before the defaults.

import { UsageError } from '../errors.ts';
import type { CommandLine, Given } from './arguments.ts';
import { readConfigFile } from './config-file.ts';
import { readEnvironment } from './environment.ts';
import { kinds, ValueError, type Values } from './kinds.ts';
import { type Camel, camel, type Option, type OptionName, options, type Row } from './table.ts';

type ValueOf<R extends Row> = R extends { readonly many: true }
  ? readonly Values[R['kind']][]
  : R['kind'] extends 'flag'
    ? boolean
    : R extends { readonly default: string }
      ? Values[R['kind']]
      : Values[R['kind']] | undefined;

/** The values, by the names that options have in the program. */
export type OptionValues = { readonly [R in Row as Camel<R['name']>]: ValueOf<R> };

/** Where a value comes from: `-w`, `FAPWS_WORKERS`, `workers in fapws.config.ts`, `default`. */
export type Origins = Readonly<Record<OptionName, string>>;

/** The language of the application that is to be served; none if only files are. */
export type Language = 'python' | 'javascript' | 'none';

export interface Settings {
  readonly values: OptionValues;
  readonly origins: Origins;
  /** As they were written, for whoever prints them. */
  readonly texts: Readonly<Record<OptionName, readonly string[]>>;
  readonly language: Language;
  /** Where the configuration file is; null without one. */
  readonly configFile: string | null;
}

export const DEFAULT = 'default';

/**
 * Reads all sources and checks every value.
 * @param configFile where the configuration file is known to be; null for nowhere
 * @throws {UsageError} which names what is wrong, who said so, and what would be right
 */
export async function readSettings(
  commandLine: CommandLine,
  environment: NodeJS.ProcessEnv,
  configFile?: string | null,
): Promise<Settings> {
  const variables = readEnvironment(environment);
  const asked = commandLine.given.get('config') ?? variables.get('config');
  const file = await readConfigFile(configFile === undefined ? asked?.texts.at(-1) : configFile);
  const sources = [commandLine.given, variables, file.given];
  oneApplication(sources);
  const values: Record<string, unknown> = {};
  const origins: Record<string, string> = {};
  const texts: Record<string, readonly string[]> = {};
  for (const option of options) {
    const key = camel(option.name);
    const given = sources.map(source => source.get(key)).find(one => one !== undefined) ?? byDefault(option);
    values[key] = valueFrom(option, given);
    origins[key] = given.origin;
    texts[key] = given.texts;
  }
  const settings = { values, origins, texts, configFile: file.path } as unknown as Omit<Settings, 'language'>;
  const language = languageOf(settings.values);
  checkScopes(language, [commandLine.given, file.given]);
  return { ...settings, language };
}

/** An application that is named nearer by replaces one of the other language, too. */
function oneApplication(sources: ReadonlyMap<string, Given>[]): void {
  const at = sources.findIndex(source => source.has('app') || source.has('wsgi'));
  if (at < 0) return;
  const { app, wsgi } = { app: sources[at]?.get('app'), wsgi: sources[at]?.get('wsgi') };
  if (app !== undefined && wsgi !== undefined) {
    throw new UsageError(
      `There are two applications, ${app.texts[0]} (${app.origin}) and ${wsgi.texts[0]} (${wsgi.origin}).`,
      'Leave one out.',
    );
  }
  for (const [place, source] of sources.entries()) {
    if (place <= at) continue;
    sources[place] = new Map([...source].filter(([key]) => key !== 'app' && key !== 'wsgi'));
  }
}

function byDefault(option: Option): Given {
  if (option.default === undefined) return { texts: [], origin: DEFAULT };
  return { texts: option.many === true ? option.default.split(',') : [option.default], origin: DEFAULT };
}

function valueFrom(option: Option, { texts, origin }: Given): unknown {
  const read = (text: string): unknown => {
    try {
      return kinds[option.kind].read(text, option);
    } catch (error) {
      if (!(error instanceof ValueError)) throw error;
      throw new UsageError(`${origin} is ${JSON.stringify(text)}, ${error.message}.`);
    }
  };
  if (option.many === true) return texts.map(read);
  const [text] = texts;
  return text === undefined ? (option.kind === 'flag' ? false : undefined) : read(text);
}

function languageOf({ app, wsgi }: OptionValues): Language {
  return wsgi !== undefined ? 'python' : app !== undefined ? 'javascript' : 'none';
}

/** An option that has no meaning here is a misunderstanding; in the environment it may be meant for another command. */
function checkScopes(language: Language, sources: readonly ReadonlyMap<string, Given>[]): void {
  if (language === 'python') return;
  for (const option of options) {
    // An application that another source replaces is nobody's mistake.
    if (option.scope !== 'python' || option.name === 'wsgi') continue;
    const origin = sources
      .map(source => source.get(camel(option.name))?.origin)
      .find(one => one !== undefined);
    if (origin === undefined) continue;
    throw new UsageError(
      `${origin} is for Python applications.`,
      'Leave it out, or name the application as fapws wsgi MODULE:ATTRIBUTE.',
    );
  }
}

/** The same with another number of processes, if there is one. */
export function withWorkers(settings: Settings, count: number | null): Settings {
  if (count === null) return settings;
  return { ...settings, values: { ...settings.values, workers: { least: count, most: count, auto: false } } };
}
