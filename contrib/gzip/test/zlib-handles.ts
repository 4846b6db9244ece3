// Counts what zlib holds: its native handles, from their making until they are closed.

import { createHook } from 'node:async_hooks';

interface Handle {
  close(): void;
}

export class ZlibHandles implements Disposable {
  opened = 0;
  closed = 0;
  readonly #hook = createHook({
    init: (_id, type, _trigger, resource) => {
      if (type !== 'ZLIB') return;
      this.opened += 1;
      const handle = resource as Handle;
      const { close } = Object.getPrototypeOf(handle) as Handle;
      let counted = false;
      handle.close = () => {
        if (!counted) this.closed += 1;
        counted = true;
        close.call(handle);
      };
    },
  }).enable();

  /** Those that still hold memory. */
  get held(): number {
    return this.opened - this.closed;
  }

  [Symbol.dispose](): void {
    this.#hook.disable();
  }
}
