// Everything that the wiki remembers, in one SQLite file: pages with all of their revisions, accounts, sessions.

import sqlite from 'node-sqlite3-wasm';

export interface Revision {
  readonly number: number;
  readonly text: string;
  readonly author: string;
  /** Milliseconds since 1970. */
  readonly written: number;
}

const schema = `
CREATE TABLE IF NOT EXISTS revisions (
  page TEXT NOT NULL, number INTEGER NOT NULL, text TEXT NOT NULL, author TEXT NOT NULL, written INTEGER NOT NULL,
  PRIMARY KEY (page, number)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS accounts (name TEXT PRIMARY KEY, password TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sessions (key TEXT PRIMARY KEY, value TEXT NOT NULL, expires INTEGER NOT NULL) WITHOUT ROWID;
`;

export class Database {
  readonly #sqlite: InstanceType<typeof sqlite.Database>;

  /** @param file made if it is not there */
  constructor(file: string) {
    this.#sqlite = new sqlite.Database(file);
    this.#sqlite.exec(schema);
  }

  /** A revision of a page, by default the last one. */
  revision(page: string, number?: number): Revision | undefined {
    const row =
      number === undefined
        ? this.#sqlite.get('SELECT * FROM revisions WHERE page = ? ORDER BY number DESC LIMIT 1', [page])
        : this.#sqlite.get('SELECT * FROM revisions WHERE page = ? AND number = ?', [page, number]);
    return row === null ? undefined : (row as unknown as Revision);
  }

  /** The last hundred revisions of a page, the newest first. */
  history(page: string): Revision[] {
    const rows = this.#sqlite.all('SELECT * FROM revisions WHERE page = ? ORDER BY number DESC LIMIT 100', [
      page,
    ]);
    return rows as unknown as Revision[];
  }

  /**
   * Adds a revision to a page, if the last one is still the one that its author has seen.
   * @param seen 0 for a page that was not there
   */
  save(page: string, seen: number, { text, author }: Pick<Revision, 'text' | 'author'>): boolean {
    const { changes } = this.#sqlite.run(
      `INSERT INTO revisions SELECT :page, :seen + 1, :text, :author, :written
       WHERE (SELECT coalesce(max(number), 0) FROM revisions WHERE page = :page) = :seen`,
      { ':page': page, ':seen': seen, ':text': text, ':author': author, ':written': Date.now() },
    );
    return changes === 1;
  }

  /** The names of all pages, or of those whose name or text has some words in it. */
  pages(words = ''): string[] {
    const rows = this.#sqlite.all(
      `SELECT page FROM revisions AS last WHERE (instr(lower(page), :words) OR instr(lower(text), :words))
       AND number = (SELECT max(number) FROM revisions WHERE page = last.page) ORDER BY page LIMIT 500`,
      { ':words': words.toLowerCase() },
    );
    return rows.map(({ page }) => String(page));
  }

  /** @returns false if there is an account of this name already */
  addAccount(name: string, password: string): boolean {
    return this.#sqlite.run('INSERT OR IGNORE INTO accounts VALUES (?, ?)', [name, password]).changes === 1;
  }

  /** What is stored for a password; undefined if there is no such account. */
  passwordOf(name: string): string | undefined {
    const row = this.#sqlite.get('SELECT password FROM accounts WHERE name = ?', [name]);
    return row === null ? undefined : String(row['password']);
  }

  /** A store for @fapws/sessions: people stay logged in when the server is started again. */
  readonly sessions = {
    get: (key: string): string | undefined => {
      const row = this.#sqlite.get('SELECT value FROM sessions WHERE key = ?', [key]);
      return row === null ? undefined : String(row['value']);
    },
    set: (key: string, value: string, milliseconds: number): void => {
      this.#sqlite.run('INSERT OR REPLACE INTO sessions VALUES (?, ?, ?)', [
        key,
        value,
        Date.now() + milliseconds,
      ]);
    },
    delete: (key: string): void => {
      this.#sqlite.run('DELETE FROM sessions WHERE key = ?', [key]);
    },
  };

  /** Removes sessions that are over. */
  sweep(): void {
    this.#sqlite.run('DELETE FROM sessions WHERE expires < ?', [Date.now()]);
  }

  close(): void {
    this.#sqlite.close();
  }
}
