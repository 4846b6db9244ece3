// The stacks of a process's threads, which it writes to standard error when it is asked to by a signal. Nothing tells where they
// end, so they end when nothing more comes.

/** Milliseconds without a line after which all is there. */
const QUIET = 250;
/** Milliseconds for the first line: a process that does not run, or handles the signal itself, writes none. */
const PATIENCE = 2000;

export class StackCollector {
  readonly #lines: string[] = [];
  #timer: NodeJS.Timeout;
  #end: () => void = () => {};
  /** What was written; empty if nothing was. */
  readonly text: Promise<string>;

  constructor() {
    this.text = new Promise(resolve => {
      this.#end = () => resolve(this.#lines.join('\n'));
    });
    this.#timer = setTimeout(this.#end, PATIENCE);
  }

  line(line: string): void {
    this.#lines.push(line);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#end, QUIET);
  }

  /** The process is gone. */
  end(): void {
    clearTimeout(this.#timer);
    this.#end();
  }
}

/** The stacks of several processes, each under its number. */
export async function stacksOf(
  processes: readonly { readonly pid: number | undefined; dump(): Promise<string> }[],
): Promise<string> {
  const stacks = await Promise.all(processes.map(each => each.dump()));
  return processes
    .map(({ pid }, at) => `python ${pid}:\n${stacks[at] === '' ? 'It does not tell.' : stacks[at]}\n`)
    .join('\n');
}
