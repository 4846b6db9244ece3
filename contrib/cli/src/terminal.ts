// How text looks on a terminal; without one it is plain.

import { styleText } from 'node:util';

export interface Paint {
  heading(text: string): string;
  flag(text: string): string;
  faint(text: string): string;
  wrong(text: string): string;
}

/** Colours for a terminal, unless NO_COLOR asks for none; FORCE_COLOR asks for them elsewhere. */
export function paintFor(
  stream: { readonly isTTY?: boolean },
  environment: NodeJS.ProcessEnv = process.env,
): Paint {
  const { NO_COLOR: none, FORCE_COLOR: forced, TERM: terminal } = environment;
  const isOn = forced ? forced !== '0' : stream.isTTY === true && !none && terminal !== 'dumb';
  const style =
    (...formats: Parameters<typeof styleText>[0] & string[]) =>
    (text: string): string =>
      isOn ? formats.reduce((painted, format) => styleText(format as 'bold', painted), text) : text;
  return { heading: style('bold'), flag: style('cyan'), faint: style('dim'), wrong: style('red') };
}

/** Fills lines up to a width, all but the first behind an indent. */
export function wrapped(text: string, width: number, indent: string): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].join(`\n${indent}`);
}
