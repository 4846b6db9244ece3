// What nobody caught: tests of failing receivers look at it themselves, in place of vitest.

import { onTestFinished } from 'vitest';
import { Watched } from './watched.ts';

/** Collects uncaught exceptions until the test is over. */
export class Uncaught extends Watched {
  readonly errors: unknown[] = [];

  constructor() {
    super();
    const others = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    process.on('uncaughtException', error => {
      this.errors.push(error);
      this.changed();
    });
    onTestFinished(() => {
      process.removeAllListeners('uncaughtException');
      for (const listener of others) process.on('uncaughtException', listener);
    });
  }
}
