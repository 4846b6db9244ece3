// Lets this process import TypeScript. From 22.18 on Node takes the types out by itself; before that, the same code that Node
// has inside does it here (SWC's, as WebAssembly), so the same TypeScript runs everywhere. Whoever wants more than types
// taken out (enums, decorators, tsconfig's paths) brings a loader of their own: --import tsx.

import { extname } from 'node:path';
import { isTypeScript } from './source-file.ts';

let enabled = false;

const loaders = /\b(tsx|ts-node|swc|esbuild|amaro|jiti)\b/;

/** Modules that have been loaded first may be a loader that knows TypeScript better. */
export function leaveTypeScriptTo(modules: readonly string[]): void {
  if (modules.some(module => loaders.test(module))) enabled = true;
}

/** @param path the module that is about to be imported: without TypeScript nothing is loaded for it */
export async function enableTypeScript(path: string): Promise<void> {
  if (enabled || !isTypeScript(extname(path)) || nodeDoesIt() || isTakenCareOf()) return;
  enabled = true;
  const { register } = await import('node:module');
  register(new URL(`./hooks${extname(import.meta.url)}`, import.meta.url));
}

function nodeDoesIt(): boolean {
  return (
    (process.features as { readonly typescript?: unknown }).typescript !== undefined &&
    (process.features as { readonly typescript?: unknown }).typescript !== false
  );
}

/** A loader that was given to Node, by --import or NODE_OPTIONS. */
function isTakenCareOf(): boolean {
  return loaders.test([...process.execArgv, process.env['NODE_OPTIONS'] ?? ''].join(' '));
}
