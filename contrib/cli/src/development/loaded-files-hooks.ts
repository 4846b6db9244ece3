// Module hooks for Node before 22.15, in the thread that Node keeps for them: tell of each file before it is read.

import type { InitializeHook, LoadHook } from 'node:module';
import type { MessagePort } from 'node:worker_threads';
import { fileOf } from './loaded-files.ts';
import { lookAt } from './watched-files.ts';

let port: MessagePort | undefined;

export const initialize: InitializeHook<{ port: MessagePort }> = given => {
  port = given.port;
};

export const load: LoadHook = async (url, context, nextLoad) => {
  const path = fileOf(url);
  if (path !== null) port?.postMessage({ path, look: lookAt(path) });
  return nextLoad(url, context);
};
