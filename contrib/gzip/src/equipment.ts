// What all answers of a middleware have in common.

import { Types } from './compressible.ts';
import type { Settings } from './options.ts';
import { WholeCompressor } from './whole.ts';

export interface Equipment {
  readonly settings: Settings;
  readonly types: Types;
  readonly whole: WholeCompressor;
}

export function equipmentOf(settings: Settings): Equipment {
  return { settings, types: new Types(settings.types), whole: new WholeCompressor(settings) };
}
