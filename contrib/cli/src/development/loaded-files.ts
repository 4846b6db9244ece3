// Which files the application's modules come from. Node tells it to module hooks: in this thread where it can, else in a thread
// of its own, which reports here.

import * as nodeModule from 'node:module';
import { createRequire, register } from 'node:module';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MessageChannel } from 'node:worker_threads';
import { lookAt, type WatchedFiles } from './watched-files.ts';

/** Of Node 22.15 and later. */
interface SynchronousHooks {
  readonly registerHooks?: (hooks: {
    load: (url: string, context: object, nextLoad: (url: string, context: object) => object) => object;
  }) => void;
}

/** The file of a module, unless it is an installed package or no file; with what the file is now. */
export function fileOf(url: string): string | null {
  if (!url.startsWith('file:')) return null;
  const path = fileURLToPath(url.replace(/[?#].*$/s, ''));
  return /[\\/]node_modules[\\/]/.test(path) ? null : path;
}

export class LoadedFiles {
  readonly #files: WatchedFiles;

  /** Adds every module that is loaded from now on. */
  constructor(files: WatchedFiles) {
    this.#files = files;
    const { registerHooks } = nodeModule as SynchronousHooks;
    if (registerHooks === undefined) {
      this.#listen();
      return;
    }
    registerHooks({
      load: (url, context, nextLoad) => {
        const path = fileOf(url);
        if (path !== null) files.add(path, lookAt(path));
        return nextLoad(url, context);
      },
    });
  }

  /** CommonJS modules that other such modules have loaded, of which hooks are not told everywhere. */
  addRequired(): void {
    for (const path of Object.keys(createRequire(import.meta.url).cache)) {
      if (!/[\\/]node_modules[\\/]/.test(path)) this.#files.add(path);
    }
  }

  #listen(): void {
    const { port1: here, port2: there } = new MessageChannel();
    here.on('message', ({ path, look }: { path: string; look: string }) => this.#files.add(path, look));
    here.unref();
    register(new URL(`./loaded-files-hooks${extname(import.meta.url)}`, import.meta.url), {
      data: { port: there },
      transferList: [there],
    });
  }
}
