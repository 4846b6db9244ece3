// A folder of examples/: its program as its user starts it, and its README as its reader follows it.

import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Program } from './program.ts';
import { replay, sessionOf } from './session.ts';

/** Where READMEs of examples say that the server is. */
export const shownOrigin = 'http://127.0.0.1:8080';

export class Example {
  readonly folder: string;

  /** @param testFolder `import.meta.dirname` of its test */
  constructor(testFolder: string) {
    this.folder = dirname(testFolder);
  }

  /** Starts it, on any free port unless the environment says another. */
  start(environment: NodeJS.ProcessEnv = {}): Program {
    return Program.fromSource(join(this.folder, 'src/server.ts'), { PORT: '0', ...environment });
  }

  /**
   * Runs the terminal sessions of its README: `expect(went).toBe(shown)`.
   * @param places what stands here for what is written there: `{ [shownOrigin]: origin }`
   */
  async followReadme(places: Readonly<Record<string, string>>): Promise<{ shown: string; went: string }> {
    const shown = sessionOf(readFileSync(join(this.folder, 'README.md'), 'utf8'));
    return { shown, went: await replay(shown, { folder: this.folder, places }) };
  }
}
