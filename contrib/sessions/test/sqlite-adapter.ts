// A storage adapter of keyv on SQLite, for the tests: @keyv/sqlite itself needs a compiler, or a download from GitHub, to be
// installed. It stores and reads as that one does, in a file, through another build of the same SQLite.

import { EventEmitter } from 'node:events';
import sqlite from 'node-sqlite3-wasm';

export class SqliteAdapter extends EventEmitter {
  readonly opts: Record<string, unknown> = {};
  readonly ttlSupport = false;
  namespace: string | undefined;
  readonly #database: InstanceType<typeof sqlite.Database>;

  constructor(file: string) {
    super();
    this.#database = new sqlite.Database(file);
    this.#database.run('CREATE TABLE IF NOT EXISTS keyv(key VARCHAR(255) PRIMARY KEY, value TEXT)');
  }

  async get<Value>(key: string): Promise<Value | undefined> {
    const row = this.#database.get('SELECT value FROM keyv WHERE key = ?', [key]);
    return (row as { value: Value } | undefined)?.value;
  }

  async set(key: string, value: string): Promise<void> {
    this.#database.run(
      'INSERT INTO keyv(key, value) VALUES(?, ?) ON CONFLICT(key) DO UPDATE SET value = excluded.value',
      [key, value],
    );
  }

  async delete(key: string): Promise<boolean> {
    return this.#database.run('DELETE FROM keyv WHERE key = ?', [key]).changes > 0;
  }

  async clear(): Promise<void> {
    this.#database.run('DELETE FROM keyv');
  }

  async disconnect(): Promise<void> {
    this.#database.close();
  }
}
