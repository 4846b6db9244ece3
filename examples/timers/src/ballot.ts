// Votes: those that wait in memory and those that the database has.

import sqlite from 'node-sqlite3-wasm';

/** What can be voted for. A list of ours: clients that could add to it would fill the memory. */
export const fruits: readonly string[] = ['apple', 'pear', 'plum'];

export class Ballot {
  readonly #database: InstanceType<typeof sqlite.Database>;
  readonly #waiting = new Map<string, number>();

  /** @param file made if it is not there */
  constructor(file: string) {
    this.#database = new sqlite.Database(file);
    this.#database.exec('CREATE TABLE IF NOT EXISTS votes (fruit TEXT PRIMARY KEY, count INTEGER NOT NULL)');
  }

  /** @returns whether there is such a fruit */
  vote(fruit: string): boolean {
    if (!fruits.includes(fruit)) return false;
    this.#waiting.set(fruit, (this.#waiting.get(fruit) ?? 0) + 1);
    return true;
  }

  /** How many votes the database does not have yet. */
  get waiting(): number {
    return [...this.#waiting.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Moves all votes that wait to the database, or none. @returns how many */
  commit(): number {
    const count = this.waiting;
    if (count === 0) return 0;
    this.#database.exec('BEGIN');
    try {
      for (const [fruit, votes] of this.#waiting) {
        this.#database.run(
          'INSERT INTO votes VALUES (?, ?) ON CONFLICT (fruit) DO UPDATE SET count = count + excluded.count',
          [fruit, votes],
        );
      }
      this.#database.exec('COMMIT');
    } catch (error) {
      if (this.#database.inTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
    this.#waiting.clear();
    return count;
  }

  /** Votes by fruit, as the database has them. */
  committed(): Record<string, number> {
    const rows = this.#database.all('SELECT fruit, count FROM votes ORDER BY fruit');
    return Object.fromEntries(rows.map(({ fruit, count }) => [String(fruit), Number(count)]));
  }

  close(): void {
    this.#database.close();
  }
}
