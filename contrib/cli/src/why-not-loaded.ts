// Why a module of the user's could not be imported, in words.

import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** One line that ends with a full stop, for mistakes that need no stack: a module that is not there, syntax. */
export function whyNotLoaded(error: unknown, path: string): string {
  const { code, message = String(error) } = error as NodeJS.ErrnoException;
  const [line = ''] = message.split('\n');
  if (code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX' || /not supported in strip-only mode/.test(message)) {
    return `${line.replace(/\.$/, '')}. Install tsx and give --import tsx, which runs all of TypeScript.`;
  }
  if (code === 'ERR_MODULE_NOT_FOUND') {
    const missing = missingIn(line);
    if (missing !== undefined) return missingModule(missing, path);
  }
  const place = placeOf(error);
  return `${line.replace(/\.$/, '')}${place === undefined ? '' : ` (${place})`}.`;
}

/** Whether this is a mistake of the kinds above; else the stack has more to say than any line. */
export function isOfLoading(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return (
    error instanceof SyntaxError ||
    code === 'ERR_MODULE_NOT_FOUND' ||
    code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX' ||
    code === 'ERR_INVALID_TYPESCRIPT_SYNTAX'
  );
}

/** The file that an import leads to and that is not there; null if it failed for another reason. */
export function missingModuleOf(error: unknown): string | null {
  const { cause } = error as Error;
  if ((cause as NodeJS.ErrnoException | undefined)?.code !== 'ERR_MODULE_NOT_FOUND') return null;
  const missing = missingIn((cause as Error).message);
  if (missing === undefined || !isPath(missing)) return null;
  return missing.startsWith('file:') ? fileURLToPath(missing) : missing;
}

function missingIn(message: string): string | undefined {
  return /Cannot find (?:package|module) '([^']+)'/.exec(message)?.[1];
}

function isPath(missing: string): boolean {
  return missing.startsWith('/') || missing.startsWith('file:');
}

function missingModule(missing: string, path: string): string {
  if (isPath(missing)) {
    return `there is no module ${relative('', missing.startsWith('file:') ? fileURLToPath(missing) : missing)}. Check the imports of ${relative('', path)}.`;
  }
  return `there is no package ${missing}. Run npm install ${missing}.`;
}

/** `app.ts:3`, from the head of a SyntaxError's stack. */
function placeOf(error: unknown): string | undefined {
  if (!(error instanceof SyntaxError)) return undefined;
  const [, file, line] = /^(?:file:\/\/)?(\/[^\n:]+):(\d+)/.exec(error.stack ?? '') ?? [];
  return file === undefined ? undefined : `${relative('', file)}:${line}`;
}
