// What every loop owes, in one suite that each implementation runs. A loop is made for an input buffer; everything else is
// seen from the two sides that a loop has: the receivers above it, and plain sockets at the other end.

import { describe } from 'vitest';
import type { Loop } from '../src/loop/types.ts';
import { breakingOff } from './loop/breaking-off.suite.ts';
import { endpoints } from './loop/endpoints.suite.ts';
import { failingReceivers } from './loop/failing-receivers.suite.ts';
import { halfClosing } from './loop/half-closing.suite.ts';
import { listeningAndClosing } from './loop/listening.suite.ts';
import { pacing } from './loop/pacing.suite.ts';
import { reading } from './loop/reading.suite.ts';
import { timersAndTurns } from './loop/time.suite.ts';
import { writing } from './loop/writing.suite.ts';

/** Makes a loop that puts what it reads into `input`. */
export type MakeLoop = (input: Buffer) => Loop;

export function loopSuite(name: string, make: MakeLoop): void {
  describe(name, () => {
    describe('reading', () => reading(make));
    describe('writing', () => writing(make));
    describe('pacing', () => pacing(make));
    describe('half-closing', () => halfClosing(make));
    describe('breaking off', () => breakingOff(make));
    describe('endpoints', () => endpoints(make));
    describe('listening', () => listeningAndClosing(make));
    describe('time and turns', () => timersAndTurns(make));
    describe('failing receivers', () => failingReceivers(make));
  });
}
