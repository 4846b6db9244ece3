// What the options say of a Python application. Apart from what starts it: the supervisor needs only this.

import { availableParallelism } from 'node:os';
import type { OptionValues } from '../options/settings.ts';

/** `shop.wsgi` is `shop.wsgi:application`, as gunicorn has it. */
export function pythonNameOf(text: string): string {
  return text.includes(':') ? text : `${text}:application`;
}

export interface ProcessCount {
  readonly min: number;
  readonly max: number;
}

/** All Python processes. */
export function pythonProcessesOf({ workers: { least, most, auto } }: OptionValues): ProcessCount {
  if (!auto) return { min: least, max: most };
  return { min: availableParallelism(), max: availableParallelism() };
}
