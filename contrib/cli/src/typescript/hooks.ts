// Module hooks for Node before 22.18, in the thread that Node keeps for them: TypeScript becomes JavaScript by having its
// types replaced by blanks, so lines and columns stay what they are.

import { readFileSync } from 'node:fs';
import type { LoadHook } from 'node:module';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transformSync } from '@swc/wasm-typescript';
import { isTypeScript } from './source-file.ts';

export const load: LoadHook = async (url, context, nextLoad) => {
  if (!url.startsWith('file:')) return nextLoad(url, context);
  const path = fileURLToPath(url);
  if (!isTypeScript(extname(path))) return nextLoad(url, context);
  const source = stripped(readFileSync(path, 'utf8'), path);
  return { format: formatOf(path, source), source, shortCircuit: true };
};

function stripped(source: string, path: string): string {
  try {
    return transformSync(source, { mode: 'strip-only', filename: path }).code;
  } catch (error) {
    throw syntaxErrorOf(error, path);
  }
}

/** What the stripper throws is an object with a message and, for syntax, a picture of the place. */
function syntaxErrorOf(error: unknown, path: string): SyntaxError {
  const {
    message = String(error),
    snippet,
    startLine,
  } = error as {
    readonly message?: string;
    readonly snippet?: string;
    readonly startLine?: number;
  };
  const where = startLine === undefined ? path : `${path}:${startLine}`;
  const failure = new SyntaxError(message);
  failure.stack = `${where}\n${snippet ?? ''}\n\nSyntaxError: ${message}`;
  return failure;
}

/** As Node decides it: by the extension, by the nearest package.json, else by the syntax. */
function formatOf(path: string, source: string): 'module' | 'commonjs' {
  const extension = extname(path);
  if (extension === '.mts') return 'module';
  if (extension === '.cts') return 'commonjs';
  const type = packageTypeOf(dirname(path));
  if (type === 'module' || type === 'commonjs') return type;
  return /^\s*(import\b(?!\s*\()|export\b)|\bimport\.meta\b|^\s*await\b/m.test(source)
    ? 'module'
    : 'commonjs';
}

function packageTypeOf(folder: string): unknown {
  for (let at = folder; ; at = dirname(at)) {
    try {
      return (JSON.parse(readFileSync(join(at, 'package.json'), 'utf8')) as { type?: unknown }).type;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return undefined;
    }
    if (at === dirname(at)) return undefined;
  }
}
