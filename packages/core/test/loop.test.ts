// The portable loop, in both of its ways.

import { describe } from 'vitest';
import { PortableLoop } from '../src/loop/portable.ts';
import { loopSuite } from './loop.suite.ts';

describe('the portable loop', () => {
  loopSuite('on the handles of node:net', input => new PortableLoop(input));
  loopSuite('on the public API of node:net alone', input => new PortableLoop(input, { publicApiOnly: true }));
});
