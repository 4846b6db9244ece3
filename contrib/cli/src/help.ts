// The page of --help, made of the table of options.

import { defaultLimits, defaultTimeouts } from '@fapws/core';
import { usualFiles } from './options/config-file.ts';
import { kinds } from './options/kinds.ts';
import { groups, type Option, options } from './options/table.ts';
import { type Paint, wrapped } from './terminal.ts';

const COLUMN = 32;

const examples = [
  ['fapws app.ts', 'the default export of app.ts, on http://127.0.0.1:8080'],
  ['fapws app.ts --reload', 'the same while it is being written'],
  ['fapws app.ts -b :80 -w auto --gzip --log combined', ''],
  ['fapws wsgi shop.wsgi:application -w 4 --threads 8', 'Django, Flask, anything of WSGI'],
  ['fapws wsgi shop.wsgi --static /static=static -b unix:/run/shop.sock', ''],
  ['fapws describe app.ts', 'routes, limits, processes, as decided'],
] as const;

export function helpPage(paint: Paint, width: number): string {
  const lines = [
    'Serves applications in TypeScript, JavaScript and Python, with one process or many.',
    '',
    paint.heading('Usage'),
    '  fapws [options] FILE[:EXPORT]               an application, or a function that mounts some on the server',
    '  fapws [options] wsgi MODULE[:ATTRIBUTE]     a Python application',
    '  fapws describe …                            what would be served, and how',
    '',
    paint.heading('Examples'),
    ...examples.map(([command, what]) =>
      what === '' ? `  ${command}` : `  ${command.padEnd(50)}  ${paint.faint(what)}`,
    ),
  ];
  for (const group of groups) {
    lines.push('', paint.heading(group));
    for (const option of options) if (option.group === group) lines.push(entryOf(option, paint, width));
  }
  lines.push(
    '',
    'Every option can be given as a variable, FAPWS_WORKERS=4 (several values with commas), and in a configuration',
    'file, as workers: 4 (camelCase). Flags go before variables, variables before the file.',
  );
  return `${lines.join('\n')}\n`;
}

function entryOf(option: Option, paint: Paint, width: number): string {
  const { flags, value } = written(option);
  const head = `  ${flags}${value === '' ? '' : ` ${value}`}`;
  const painted = `  ${paint.flag(flags)}${value === '' ? '' : ` ${paint.faint(value)}`}`;
  const text = wrapped(
    `${plain(helpOf(option))}${note(option)}`,
    Math.max(40, width - COLUMN),
    ' '.repeat(COLUMN),
  );
  const gap = head.length + 2 > COLUMN ? `\n${' '.repeat(COLUMN)}` : ' '.repeat(COLUMN - head.length);
  return painted + gap + text;
}

/** `-w, --workers` and `NUMBER`. */
export function written(option: Option): { readonly flags: string; readonly value: string } {
  const { short, name, kind } = option;
  const long = kind === 'flag' && option.default !== undefined ? `--no-${name}` : `--${name}`;
  return { flags: `${short === undefined ? '    ' : `-${short}, `}${long}`, value: kinds[kind].placeholder };
}

/** The sentence of an option, with the names that stand in it. Code is in backticks. */
export function helpOf({ help }: Option): string {
  return help
    .replace('{timeouts}', Object.keys(defaultTimeouts).join(', '))
    .replace('{limits}', Object.keys(defaultLimits).join(', '))
    .replace('{configurations}', `\`${usualFiles[0]?.replace(/ts$/, '*')}\``);
}

function plain(text: string): string {
  return text.replaceAll('`', '');
}

function note(option: Option): string {
  const { default: value, many, kind } = option;
  const notes = [
    ...(value !== undefined && kind !== 'flag' ? [`default ${value}`] : []),
    ...(many === true ? ['repeatable'] : []),
  ];
  return notes.length === 0 ? '' : ` [${notes.join('; ')}]`;
}
