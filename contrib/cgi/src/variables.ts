// The environment of a script: the request's meta-variables (RFC 3875 4.1) and what the operator gives, nothing else.

import { Buffer, isUtf8 } from 'node:buffer';
import { dirname, join } from 'node:path';
import type { Environ } from '@fapws/core';
import type { Script } from './find-script.ts';
import type { Settings } from './options.ts';

/**
 * Fields that scripts do not see: Proxy, which programs take for their own configuration (CVE-2016-5385); what concerns the
 * connection (RFC 3875 4.1.18); what the meta-variables have already.
 */
const hidden: ReadonlySet<string> = new Set([
  'HTTP_CONNECTION',
  'HTTP_CONTENT_LENGTH',
  'HTTP_CONTENT_TYPE',
  'HTTP_EXPECT',
  'HTTP_KEEP_ALIVE',
  'HTTP_PROXY',
  'HTTP_PROXY_AUTHORIZATION',
  'HTTP_PROXY_CONNECTION',
  'HTTP_TE',
  'HTTP_TRAILER',
  'HTTP_TRANSFER_ENCODING',
  'HTTP_UPGRADE',
]);

/** Taken over from the environ as they are, when they are there. AUTH_TYPE and REMOTE_USER are set by middlewares. */
const taken = [
  'AUTH_TYPE',
  'CONTENT_TYPE',
  'QUERY_STRING',
  'REMOTE_ADDR',
  'REMOTE_IDENT',
  'REMOTE_PORT',
  'REMOTE_USER',
  'REQUEST_METHOD',
  'REQUEST_URI',
  'SERVER_PORT',
  'SERVER_PROTOCOL',
] as const;

/**
 * The variables of one request.
 * @param contentLength decimal digits, or null for a request without content
 */
export function variablesOf(
  environ: Environ,
  script: Script,
  root: string | undefined,
  contentLength: string | null,
  settings: Settings,
): Record<string, string> {
  const variables: Record<string, string> = { ...settings.env };
  const put = (name: string, value: unknown): void => {
    // NUL would end the value in the middle; no field can have one, but a middleware could.
    if (typeof value === 'string' && !value.includes('\0')) variables[name] = value;
  };
  for (const name of Object.keys(environ)) {
    if (!/^HTTP_[A-Z0-9_]+$/.test(name) || hidden.has(name)) continue;
    if (name === 'HTTP_AUTHORIZATION' && !settings.authorization) continue;
    put(name, asUtf8(environ[name]));
  }
  for (const name of taken) put(name, asUtf8(environ[name]));
  const documentRoot = settings.documentRoot ?? root ?? dirname(script.file);
  const { SERVER_NAME: host, SERVER_SOFTWARE: software, REMOTE_ADDR: client } = environ;
  put('GATEWAY_INTERFACE', 'CGI/1.1');
  put('SCRIPT_NAME', environ.SCRIPT_NAME + script.name);
  put('SCRIPT_FILENAME', script.file);
  put('DOCUMENT_ROOT', documentRoot);
  if (script.pathInfo !== '') {
    put('PATH_INFO', script.pathInfo);
    // Made absolute first, the path can't climb.
    put('PATH_TRANSLATED', join(documentRoot, join('/', script.pathInfo)));
  }
  if (contentLength !== null) put('CONTENT_LENGTH', contentLength);
  else delete variables['CONTENT_TYPE'];
  put('SERVER_NAME', host.includes(':') && !host.startsWith('[') ? `[${host}]` : host);
  put('SERVER_SOFTWARE', software === '' ? 'fapws' : software);
  put('REMOTE_HOST', client);
  put('REQUEST_SCHEME', environ['wsgi.url_scheme']);
  if (environ['wsgi.url_scheme'] === 'https') put('HTTPS', 'on');
  // php-cgi refuses to run without it, because of servers that let clients name a script's file.
  put('REDIRECT_STATUS', '200');
  return variables;
}

/**
 * A field's value, one code point per octet, as text that Node writes into the environment as the same octets. Those that are
 * no UTF-8 have no such text: they arrive as the UTF-8 of Latin-1.
 */
function asUtf8(value: unknown): unknown {
  if (typeof value !== 'string' || /^[\0-\x7f]*$/.test(value) || !/^[\0-\xff]*$/.test(value)) return value;
  const octets = Buffer.from(value, 'latin1');
  return isUtf8(octets) ? octets.toString('utf8') : value;
}
