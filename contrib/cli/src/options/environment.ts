// What the environment says: a variable for each option.

import type { Given } from './arguments.ts';
import { nearest } from './nearest.ts';
import { camel, type Option, options, variableOf } from './table.ts';

const PREFIX = 'FAPWS_';

/** Variables that are empty say nothing, as is the custom. */
export function readEnvironment(environment: NodeJS.ProcessEnv): ReadonlyMap<string, Given> {
  const given = new Map<string, Given>();
  for (const option of options) {
    const variable = variableOf(option);
    const text = environment[variable];
    if (text === undefined || text === '') continue;
    given.set(camel(option.name), { texts: textsOf(option, text), origin: variable });
  }
  return given;
}

function textsOf(option: Option, text: string): readonly string[] {
  if (option.many !== true) return [text];
  return text
    .split(option.separator ?? ',')
    .map(part => part.trim())
    .filter(part => part !== '');
}

/** Variables that look like ours and are none, with the one that may be meant: they would be passed over in silence. */
export function misspelt(
  environment: NodeJS.ProcessEnv,
): readonly { readonly name: string; readonly meant: string }[] {
  const known = options.map(variableOf);
  return Object.keys(environment)
    .filter(name => name.startsWith(PREFIX) && !known.includes(name))
    .flatMap(name => {
      const meant = nearest(
        name.slice(PREFIX.length),
        known.map(variable => variable.slice(PREFIX.length)),
      );
      return meant === undefined ? [] : [{ name, meant: PREFIX + meant }];
    });
}
