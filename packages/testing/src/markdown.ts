// What tests read in READMEs and guides: their blocks of code and their links.

import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A fenced block of code. */
export interface Block {
  /** What follows the fence: `ts`, `console` … or nothing. */
  readonly language: string;
  readonly text: string;
}

export function blocksOf(markdown: string): Block[] {
  return [...markdown.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(([, language, text]) => ({
    language: language as string,
    text: text as string,
  }));
}

/** The links of a page to other files, as they are written there; not those in code, where brackets mean something else. */
export function localLinksOf(markdown: string): string[] {
  const prose = markdown.replace(/^```[\s\S]*?^```$/gm, '').replace(/`[^`\n]*`/g, '``');
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, link]) => link as string)
    .filter(link => !/^(https:|#)/.test(link));
}

/** Those of them that lead nowhere. */
export function brokenLinksOf(file: string): string[] {
  return localLinksOf(readFileSync(file, 'utf8')).filter(
    link => !existsSync(join(dirname(file), link.replace(/#.*/, ''))),
  );
}
