// Logs into memory, for tests.

import { type Application, type CallRequest, call } from '@fapws/core';
import { type LogOptions, log } from '../src/index.ts';

export const hello: Application = (_environ, startResponse) => {
  startResponse('200 OK', [['Content-Type', 'text/plain']]);
  return 'Hello World!!';
};

/** The line that a request makes. */
export async function lineOf(
  format: LogOptions['format'],
  request: CallRequest | string = '/',
  application: Application = hello,
): Promise<string> {
  const lines: string[] = [];
  const access = log({ format, to: line => lines.push(line) });
  await call(access(application), request).catch(() => {});
  await access.close();
  if (lines.length !== 1) throw new Error(`${lines.length} lines instead of one: ${lines.join('\n')}`);
  return lines[0] as string;
}

/** The same of an object of JSON. */
export async function jsonOf(
  format: Readonly<Record<string, string>> | 'json',
  request: CallRequest | string = '/',
  application: Application = hello,
): Promise<Record<string, unknown>> {
  return JSON.parse(await lineOf(format, request, application)) as Record<string, unknown>;
}
