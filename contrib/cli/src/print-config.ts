// --print-config: every option, what was decided, and who decided it.

import { DEFAULT, type Settings } from './options/settings.ts';
import { camel, isOfOneCall, type OptionName, options } from './options/table.ts';
import type { Paint } from './terminal.ts';

export function configPage({ texts, origins, language, configFile }: Settings, paint: Paint): string {
  const rows = options
    .filter(option => !isOfOneCall(option) && (language === 'python' || option.scope !== 'python'))
    .map(option => {
      const key = camel(option.name) as OptionName;
      const value = texts[key].map(shown).join(' ');
      return { name: option.name, value: value === '' ? '-' : value, origin: origins[key] };
    });
  const names = Math.max(...rows.map(({ name }) => name.length));
  const values = Math.min(48, Math.max(...rows.map(({ value }) => value.length)));
  const lines = rows.map(({ name, value, origin }) => {
    const from = origin === DEFAULT ? paint.faint(origin) : origin;
    return `${paint.flag(name.padEnd(names))}  ${value.padEnd(values)}  ${from}`;
  });
  return `${[`configuration file: ${configFile ?? 'none'}`, ...lines].join('\n')}\n`;
}

function shown(text: string): string {
  return /^[\w./:,=@*+-]+$/.test(text) ? text : JSON.stringify(text);
}
