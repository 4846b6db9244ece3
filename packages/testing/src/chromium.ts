// A headless Chromium, driven through its own protocol over a pipe: no package and no port is needed for that.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { Readable, Writable } from 'node:stream';

/** The browser's program; undefined where there is none. */
export const chromium: string | undefined = (process.env['PATH'] ?? '')
  .split(delimiter)
  .flatMap(folder => ['chromium', 'chromium-browser', 'google-chrome'].map(name => join(folder, name)))
  .find(existsSync);

type Parameters = Record<string, unknown>;

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Parameters;
  readonly result?: Parameters;
  readonly error?: { readonly message: string };
}

/** How long anything may take that is asked of the browser, in milliseconds. */
const PATIENCE = 15_000;

/** A browser with one page, which remembers what went wrong on it and what it asked the network for. */
export class Chromium {
  /** Errors and refusals, as the page's console would show them. */
  readonly complaints: string[] = [];
  /** URLs of all requests. */
  readonly requests: string[] = [];
  readonly #profile = mkdtempSync(join(tmpdir(), 'fapws-chromium-'));
  readonly #process;
  readonly #commands: Writable;
  readonly #waiting = new Map<number, { resolve(result: Parameters): void; reject(error: Error): void }>();
  readonly #events = new Map<string, () => void>();
  #session: string | undefined;
  #lastId = 0;

  constructor(program: string) {
    const options = [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--no-first-run',
      '--remote-debugging-pipe',
    ];
    this.#process = spawn(program, [...options, `--user-data-dir=${this.#profile}`], {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
    });
    this.#commands = this.#process.stdio[3] as Writable;
    this.#commands.on('error', () => this.#fail());
    this.#process.on('exit', () => this.#fail());
    let text = '';
    (this.#process.stdio[4] as Readable).setEncoding('utf8').on('data', (more: string) => {
      const messages = (text + more).split('\0');
      text = messages.pop() as string;
      for (const message of messages) this.#take(JSON.parse(message) as Message);
    });
  }

  /** Opens the page that everything else is about. */
  async open(url: string): Promise<void> {
    const { targetId } = await this.#ask('Target.createTarget', { url: 'about:blank' });
    const { sessionId } = await this.#ask('Target.attachToTarget', { targetId, flatten: true });
    this.#session = sessionId as string;
    for (const domain of ['Page', 'Runtime', 'Log', 'Network', 'DOM']) await this.#ask(`${domain}.enable`);
    await this.load(() => this.#ask('Page.navigate', { url }));
  }

  /** Does what makes the page load another one, and waits until it has. */
  async load(act: () => Promise<unknown>): Promise<void> {
    const loaded = new Promise<void>(resolve => this.#events.set('Page.loadEventFired', resolve));
    await act();
    await bounded(loaded, 'the page to load');
  }

  /** The value of an expression on the page; a promise is waited for. */
  async evaluate<T>(expression: string): Promise<T> {
    const { result, exceptionDetails } = await this.#ask('Runtime.evaluate', {
      expression,
      awaitPromise: true,
      returnByValue: true,
    });
    if (exceptionDetails !== undefined) throw new Error(`${expression}: ${JSON.stringify(exceptionDetails)}`);
    return (result as { value: T }).value;
  }

  /** Waits until the text of an element, chosen by a CSS selector, has a form. */
  async shows(selector: string, pattern: RegExp): Promise<void> {
    await this.evaluate(`new Promise(resolve => {
      const element = document.querySelector(${JSON.stringify(selector)});
      const look = () => ${pattern}.test(element.textContent) && resolve();
      new MutationObserver(look).observe(element, { childList: true, characterData: true, subtree: true });
      look();
    })`);
  }

  click(selector: string): Promise<void> {
    return this.evaluate(`document.querySelector(${JSON.stringify(selector)}).click()`);
  }

  async chooseFile(selector: string, file: string): Promise<void> {
    const { root } = await this.#ask('DOM.getDocument');
    const { nodeId } = await this.#ask('DOM.querySelector', {
      nodeId: (root as { nodeId: number }).nodeId,
      selector,
    });
    await this.#ask('DOM.setFileInputFiles', { nodeId, files: [file] });
  }

  /** Shows the page as on a screen of this width, in CSS pixels, and in this colour scheme. */
  async look(width: number, scheme: 'light' | 'dark'): Promise<void> {
    await this.#ask('Emulation.setDeviceMetricsOverride', {
      width,
      height: 800,
      deviceScaleFactor: 1,
      mobile: width < 600,
    });
    await this.#ask('Emulation.setEmulatedMedia', {
      features: [{ name: 'prefers-color-scheme', value: scheme }],
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      const ended = once(this.#process, 'exit');
      this.#process.kill('SIGKILL');
      await ended;
    }
    // The browser's own children end a moment after it, and may still write into the profile until then.
    await rm(this.#profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }

  #ask(method: string, params: Parameters = {}): Promise<Parameters> {
    this.#lastId += 1;
    const id = this.#lastId;
    const answer = new Promise<Parameters>((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
    this.#commands.write(`${JSON.stringify({ id, method, params, sessionId: this.#session })}\0`);
    return bounded(answer, method);
  }

  #take({ id, method, params = {}, result = {}, error }: Message): void {
    if (id !== undefined) {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error === undefined) waiting?.resolve(result);
      else waiting?.reject(new Error(error.message));
      return;
    }
    if (method === undefined) return;
    if (method === 'Log.entryAdded' || method === 'Runtime.exceptionThrown') {
      this.complaints.push(JSON.stringify(params));
    }
    if (method === 'Network.requestWillBeSent')
      this.requests.push((params['request'] as { url: string }).url);
    this.#events.get(method)?.();
  }

  #fail(): void {
    for (const { reject } of this.#waiting.values()) reject(new Error('the browser has ended'));
    this.#waiting.clear();
  }
}

async function bounded<T>(promise: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} took more than ${PATIENCE} ms`)), PATIENCE);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
