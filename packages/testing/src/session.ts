// Terminal sessions of READMEs: their commands are run, and what is shown is compared with what comes out.

import { execFile } from 'node:child_process';
import { blocksOf } from './markdown.ts';

/** How long one command may take, in milliseconds. */
const PATIENCE = 20_000;

export interface SessionOptions {
  /** Where the commands run. */
  readonly folder: string;
  /** What is written in the README, and what stands for it here: `{ 'http://127.0.0.1:8080': origin }`. */
  readonly places?: Readonly<Record<string, string>> | undefined;
}

/** All `console` blocks of a page as one session: lines that begin with `$ ` are commands, others what they print. */
export function sessionOf(markdown: string): string {
  return blocksOf(markdown)
    .filter(({ language }) => language === 'console')
    .map(({ text }) => text)
    .join('');
}

/**
 * Runs the commands of a session, one after the other, with bash, and resolves with the session as it went: for
 * `expect(await replay(session, …)).toBe(session)`. An ellipsis in the README stands for anything within its line, and one that
 * is alone on its line for any number of lines.
 */
export async function replay(session: string, { folder, places = {} }: SessionOptions): Promise<string> {
  const commands = session.match(/^\$ /gm)?.length ?? 0;
  if (commands === 0) throw new Error('There is no command in this session.');
  let went = '';
  for (const [, command, shown] of session.matchAll(/^\$ ((?:.*\\\n)*.*)\n((?:(?!\$ ).*\n)*)/gm) as Iterable<
    [string, string, string]
  >) {
    const printed = exchanged(await printedBy(exchanged(command, places), folder), swapped(places));
    went += `$ ${command}\n${patternOf(shown).test(printed) ? shown : printed}`;
  }
  return went;
}

/** What a command prints on standard output, with the line ends of a terminal. What it says of failures is added when it fails. */
function printedBy(command: string, folder: string): Promise<string> {
  return new Promise(resolve => {
    execFile(
      'bash',
      ['--norc', '-c', command],
      { cwd: folder, timeout: PATIENCE, env: { PATH: process.env['PATH'], LC_ALL: 'C.UTF-8' } },
      (error, stdout, stderr) => {
        const lines = stdout.replaceAll('\r\n', '\n');
        const printed = lines === '' || lines.endsWith('\n') ? lines : `${lines}\n`;
        resolve(error === null ? printed : `${printed}${stderr}(it failed: ${error.message})\n`);
      },
    );
  });
}

function exchanged(text: string, places: Readonly<Record<string, string>>): string {
  return Object.entries(places).reduce((changed, [from, to]) => changed.replaceAll(from, to), text);
}

const swapped = (places: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(places).map(([from, to]) => [to, from]));

function patternOf(shown: string): RegExp {
  const lines = shown
    .split(/(?<=\n)/)
    .map(line =>
      line === '…\n' ? '(?:.*\\n)*?' : line.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&').replaceAll('…', '.*'),
    );
  return new RegExp(`^${lines.join('')}$`);
}
