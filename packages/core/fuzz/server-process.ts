// Starts, asks and ends the server under test of the slow layer.

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TcpAddress, UnixAddress } from '../src/index.ts';
import type { Holdings } from './child.ts';
import { Violation } from './judge.ts';

/** How long the process may take for an answer, or to give back what its clients have left. Milliseconds. */
const PATIENCE = 15_000;

interface Where {
  readonly addresses: readonly [TcpAddress, UnixAddress];
}

export class ServerProcess {
  readonly #child: ChildProcess;
  readonly #folder: string = mkdtempSync(join(tmpdir(), 'fapws-fuzz-'));
  #complaints = '';
  #where!: Where;
  /** How often the server was told to stop, and how often another one has taken its place. */
  #stops = 0;
  #replaced = 0;
  /** One after the other: an answer does not say what it answers. */
  #replacing: Promise<void> = Promise.resolve();
  #before: Holdings | null = null;
  /** Octets of heap per look, for those who want to see whether they grow. */
  readonly heaps: number[] = [];

  static async start(): Promise<ServerProcess> {
    const made = new ServerProcess();
    made.#where = await made.#message();
    made.#before = await made.#ask();
    return made;
  }

  private constructor() {
    this.#child = spawn(
      process.execPath,
      ['--expose-gc', '--enable-source-maps', join(import.meta.dirname, 'child.js'), this.#folder],
      { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] },
    );
    this.#child.stderr?.on('data', (text: Buffer) => {
      this.#complaints = (this.#complaints + text.toString()).slice(-4000);
    });
  }

  /** Where it listens now. */
  address(unix: boolean): TcpAddress | UnixAddress {
    return this.#where.addresses[unix ? 1 : 0];
  }

  /** Begins to watch. @returns what tells whether a server was stopped meanwhile */
  watch(): () => boolean {
    const [stops, replaced] = [this.#stops, this.#replaced];
    return () => this.#stops !== stops || stops !== replaced;
  }

  /** Has the server stop, and another one take its place. */
  replace(): Promise<void> {
    this.#stops += 1;
    this.#replacing = this.#replacing.then(async () => {
      const where = this.#message<Where>();
      if (!this.hasEnded) this.#child.send('replace');
      this.#where = await where;
      this.#replaced += 1;
    });
    return this.#replacing;
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  stop(): void {
    this.#child.kill('SIGKILL');
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /**
   * Waits until nothing of the clients is left in the process.
   * @throws {Violation} when that does not happen, or the process is no more
   */
  async rest(): Promise<void> {
    const before = this.#before as Holdings;
    for (const deadline = Date.now() + PATIENCE; ; await sleep(100)) {
      const now = await this.#ask();
      if (now.strange !== null) throw new Violation(`the log has ${now.strange}`);
      // Warnings of Node: listeners that nobody takes away, and the like.
      if (this.#complaints !== '') throw new Violation(`standard error has ${this.#complaints}`);
      const left = [
        ...(now.sockets > before.sockets ? ['sockets'] : []),
        ...(now.descriptors > before.descriptors ? ['file descriptors'] : []),
        ...(now.running > 0 ? ['callbacks'] : []),
        ...(now.unclosed > 0 ? ['results that are not closed'] : []),
        ...(now.stopping > 0 ? ['servers that do not stop'] : []),
      ];
      if (left.length === 0) {
        this.heaps.push(now.heap);
        return;
      }
      if (Date.now() > deadline)
        throw new Violation(`the server keeps ${left.join(', ')}: ${JSON.stringify(now)}`);
    }
  }

  async #ask(): Promise<Holdings> {
    const answer = this.#message<{ holdings: Holdings }>();
    if (!this.hasEnded) this.#child.send('tell');
    return (await answer).holdings;
  }

  /** The next message. @throws {Violation} when none comes */
  #message<T>(): Promise<T> {
    const child = this.#child;
    return new Promise((resolve, reject) => {
      const done = (): void => {
        clearTimeout(timer);
        child.off('message', onMessage);
        child.off('close', onClose);
      };
      const onMessage = (message: unknown): void => {
        done();
        resolve(message as T);
      };
      const onClose = (): void => {
        done();
        reject(new Violation(`the server's process has ended: ${this.#complaints.trim()}`));
      };
      const timer = setTimeout(() => {
        done();
        reject(new Violation(`the server's process does not answer within ${PATIENCE / 1000} s`));
      }, PATIENCE);
      child.on('message', onMessage);
      child.on('close', onClose);
      if (this.hasEnded) onClose();
    });
  }
}
