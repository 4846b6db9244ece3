// All that a callback is told of its request, as a table. It is mounted, so it also takes /environ/any/path?and=query:
// SCRIPT_NAME is then the mount, PATH_INFO what follows it.

import { inspect } from 'node:util';
import type { Application } from '@fapws/core';
import { escapeHtml, htmlDocument, privatePageHeaders } from './html.ts';

export const environDump: Application = (environ, startResponse) => {
  // Values are computed when they are read; to list them reads them all.
  const rows = Object.entries(environ).map(
    ([key, value]) => `<tr><th>${escapeHtml(key)}</th><td>${escapeHtml(textOf(value))}</td></tr>`,
  );
  startResponse('200 OK', privatePageHeaders);
  return htmlDocument('The environ of this request', `<table>${rows.join('\n')}</table>`);
};

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : inspect(value, { depth: 1 });
}
