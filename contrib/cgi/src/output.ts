// The content that a script writes, as the result of the application.

import type { Buffer } from 'node:buffer';
import { Refusal } from './refusal.ts';
import type { ScriptProcess } from './script-process.ts';

export class Output implements AsyncIterable<Buffer>, AsyncIterator<Buffer, undefined> {
  readonly #script: ScriptProcess;
  readonly #report: (text: string) => void;
  #isComplete = false;

  constructor(script: ScriptProcess, report: (text: string) => void) {
    this.#script = script;
    this.#report = report;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Buffer, undefined>> {
    const value = await this.#read();
    if (value !== null) return { done: false, value };
    this.#isComplete = true;
    if (this.#script.ending !== '') this.#report(this.#script.ending);
    return { done: true, value: undefined };
  }

  /** Its head is out, so that a refusal comes too late for a page. */
  async #read(): Promise<Buffer | null> {
    try {
      return await this.#script.read();
    } catch (error) {
      throw error instanceof Refusal ? new Error(`The CGI script was given up: ${error.report}.`) : error;
    }
  }

  /** Nobody wants the rest, so nobody needs the script. */
  async return(): Promise<IteratorResult<Buffer, undefined>> {
    this.close();
    return { done: true, value: undefined };
  }

  close(): void {
    if (!this.#isComplete) this.#script.fail(new Error('Nobody waits for the rest of the answer.'));
  }
}
