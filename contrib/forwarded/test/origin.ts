// The server behind a real front, and what it is asked: shared by the tests with nginx and with HAProxy.

import { readFileSync } from 'node:fs';
import { type Application, type Environ, type Middleware, type ServerOptions, start } from '@fapws/core';
import { type ForwardedOptions, forwarded, proxyProtocol } from '../src/index.ts';
import { Folder } from './front.ts';
import { seenIn } from './seen.ts';

/** What a client sends to be taken for somebody else. */
export const claims = {
  Forwarded: 'for=127.0.0.1;proto=https;host=evil.example',
  'X-Forwarded-For': '10.0.0.1',
  'X-Forwarded-Proto': 'https',
  'X-Forwarded-Host': 'evil.example',
  'X-Forwarded-Port': '1',
  'X-Forwarded-Prefix': '/evil',
  'X-Real-IP': '10.0.0.1',
};

/** Environs that the application got. */
export const received: Environ[] = [];

const tell: Application = (environ, startResponse) => {
  received.push(environ);
  startResponse('200 OK', [['Content-Type', 'application/json']]);
  return JSON.stringify({ ...seenIn(environ), preface: environ['fapws.preface'] });
};

export interface Origin {
  readonly folder: Folder;
  readonly port: number;
  readonly path: string;
}

/** A server on a TCP port and on a unix socket. */
async function serving(
  middleware: Middleware,
  options: ServerOptions,
  use: (origin: Origin) => Promise<void>,
): Promise<void> {
  using folder = new Folder();
  const path = folder.file('origin.sock');
  const server = start(
    [
      { host: '127.0.0.1', port: 0 },
      { path, mode: 0o666 },
    ],
    options,
  );
  server.mount('/', middleware(tell));
  await server.listen();
  try {
    await use({ folder, path, port: Number(new URL(server.url).port) });
  } finally {
    await server.stop({ graceMs: 1000 });
  }
}

/** A configuration of the README, its addresses replaced by those of the test. */
export function readme(heading: string, port: number, origin: number): string {
  const text = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const [, configuration] = text.split(`### ${heading}\n`)[1]?.split(/```\w*\n/) ?? [];
  if (configuration === undefined) throw new Error(`the README has no configuration for ${heading}`);
  return configuration
    .replace(/listen 80\b/, `listen 127.0.0.1:${port}`)
    .replace(/bind :80\b/, `bind 127.0.0.1:${port}`)
    .replaceAll('127.0.0.1:8080', `127.0.0.1:${origin}`);
}

export const behind = (options: ForwardedOptions, use: (origin: Origin) => Promise<void>): Promise<void> =>
  serving(forwarded(options), {}, use);

export const throughProxy = (
  options: Parameters<typeof proxyProtocol>[0],
  use: (origin: Origin) => Promise<void>,
): Promise<void> => serving(application => application, { preface: proxyProtocol(options) }, use);
