// The command line of the fuzzer.

import { parseArgs } from 'node:util';

export const USAGE = `Usage: pnpm fuzz [options]

  --seconds N        how long (default 120)
  --seed N           which cases; printed first (default: any)
  --layer NAME       memory, sockets or both (default both: three quarters of the time in memory)
  --case FILE        runs one case that was written down, and nothing else
  --finds N          stops after so many different finds (default 5)
  --help

A find is written to a file in the folder for temporary files, as small as it could be made, and the exit status is 1.`;

export interface Options {
  readonly seed: number;
  readonly seconds: number;
  readonly layers: readonly ('memory' | 'sockets')[];
  readonly file: string | null;
  readonly finds: number;
}

/** A mistake on the command line; its message is for the user. */
export class BadOption extends Error {}

/** @returns null when help was asked for */
export function parseOptions(args: readonly string[]): Options | null {
  let values: Record<string, string | boolean | undefined>;
  try {
    ({ values } = parseArgs({
      // pnpm hands over the `--` of `pnpm fuzz -- --seed 1`.
      args: args.filter(arg => arg !== '--'),
      options: {
        seconds: { type: 'string' },
        seed: { type: 'string' },
        layer: { type: 'string' },
        case: { type: 'string' },
        finds: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    }));
  } catch (error) {
    throw new BadOption((error as Error).message);
  }
  if (values['help'] === true) return null;
  const layer = (values['layer'] as string | undefined) ?? 'both';
  if (!['memory', 'sockets', 'both'].includes(layer)) {
    throw new BadOption(`--layer is memory, sockets or both, not “${layer}”.`);
  }
  return {
    seed: whole('seed', values['seed'], Math.floor(Math.random() * 0x1_0000_0000)),
    seconds: whole('seconds', values['seconds'], 120),
    layers: layer === 'both' ? ['memory', 'sockets'] : [layer as 'memory' | 'sockets'],
    file: (values['case'] as string | undefined) ?? null,
    finds: whole('finds', values['finds'], 5),
  };
}

function whole(name: string, text: string | boolean | undefined, byDefault: number): number {
  if (text === undefined) return byDefault;
  const number = Number(text);
  if (Number.isSafeInteger(number) && number >= 0 && text !== '') return number;
  throw new BadOption(`--${name} takes a whole number, not “${String(text)}”.`);
}
