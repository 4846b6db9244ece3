// What the process tells all logs in it: that it ends, and that a file was moved away. One listener for all of them, and none
// when there is no log.

/** Functions that are called at an event of the process. */
class ProcessEvent {
  readonly #tasks = new Set<() => void>();
  readonly #name: string;
  readonly #listener = (): void => {
    for (const task of this.#tasks) task();
  };

  constructor(name: string) {
    this.#name = name;
  }

  add(task: () => void): void {
    if (this.#tasks.size === 0) process.on(this.#name, this.#listener);
    this.#tasks.add(task);
  }

  delete(task: () => void): void {
    this.#tasks.delete(task);
    if (this.#tasks.size === 0) process.off(this.#name, this.#listener);
  }
}

const events = new Map<string, ProcessEvent>();

/** @param name `exit`, or a signal. @returns takes the task away again */
export function whenProcess(name: 'exit' | NodeJS.Signals, task: () => void): () => void {
  let event = events.get(name);
  if (event === undefined) {
    event = new ProcessEvent(name);
    events.set(name, event);
  }
  const found = event;
  found.add(task);
  return () => found.delete(task);
}
