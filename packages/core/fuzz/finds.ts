// What to do with a find: make it small, write it down, tell how to see it again. The same fault is told once.

import { type Case, writeCase } from './cases.ts';
import { shrink } from './shrink.ts';

const SHRINKING_SECONDS = 20;

/** The kind of a fault: its message without what differs from case to case. */
function kindOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message
    .split('\n', 1)[0]
    ?.replace(/request \d+, \S+ \S*/, 'request')
    .replace(/["[].*$/, '')
    .replace(/\d{4,}/g, 'N') as string;
}

export class Finds {
  readonly #seed: number;
  readonly #known = new Set<string>();

  constructor(seed: number) {
    this.#seed = seed;
  }

  get count(): number {
    return this.#known.size;
  }

  /** @param run what threw `error` for `made`; it is called again and again */
  async add(made: Case, error: unknown, run: (made: Case) => Promise<void>, origin: string): Promise<void> {
    const kind = kindOf(error);
    if (this.#known.has(kind)) return;
    this.#known.add(kind);
    console.log(`\nFIND ${this.#known.size}: ${error instanceof Error ? error.message : String(error)}`);
    let last = error;
    const smallest = await shrink(
      made,
      async smaller => {
        try {
          await run(smaller);
          return false;
        } catch (again) {
          if (kindOf(again) !== kind) return false;
          last = again;
          return true;
        }
      },
      SHRINKING_SECONDS,
    );
    const file = writeCase(smallest, `find-${this.#seed}-${this.#known.size}`);
    if (last !== error) console.log(`  made smaller: ${last instanceof Error ? last.message : String(last)}`);
    for (const step of smallest.steps) console.log(`    ${JSON.stringify(step).slice(0, 300)}`);
    if (last instanceof Error && last.name !== 'Violation') console.log(last.stack);
    console.log(`  from ${origin}; to see it again: pnpm fuzz --case ${file}`);
  }
}
