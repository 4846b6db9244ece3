// The page that a developer sees instead of an application that can't be loaded.

import type { Environ, StartResponse } from '@fapws/core';

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

const style = `
:root { color-scheme: light dark }
body { max-width: 60rem; margin: 3rem auto; padding: 0 1rem; font: 1rem/1.5 system-ui, sans-serif }
h1 { font-size: 1.4rem; font-weight: 600; border-left: .3rem solid #c0392b; padding-left: .8rem }
code, pre { font: .85rem/1.5 ui-monospace, monospace }
pre { padding: 1rem; overflow-x: auto; border: 1px solid #8885; border-radius: .4rem }
`;

/**
 * Answers 500 with why the application could not be loaded: as a page to browsers, as text to others.
 * @param isOwn whether a file is one of the project's: the innermost of those is where to look first
 */
export function answerStartError(
  application: string,
  error: Error,
  isOwn: (file: string) => boolean,
  environ: Environ,
  startResponse: StartResponse,
): string {
  const isPage = environ['HTTP_ACCEPT']?.includes('text/html') ?? false;
  startResponse('500 Internal Server Error', [
    ['Content-Type', `text/${isPage ? 'html' : 'plain'}; charset=utf-8`],
    ['Cache-Control', 'no-store'],
    ['Vary', 'Accept'],
  ]);
  if (!isPage) return `${error.message}\n`;
  const title = escaped(`${application} could not be loaded`);
  const place = placeOf(error.message, isOwn);
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>${title}</title>
<style>${style}</style>
<h1>${title}</h1>
<p><strong>${escaped(lastLineOf(error.message))}</strong></p>
${place === null ? '' : `<p>Look at <code>${escaped(place)}</code>.</p>\n`}<pre>${escaped(error.message)}</pre>
<p>When a file is changed, the next request loads the application again.</p>
</html>
`;
}

/** What Python says in short: the end of a traceback. */
function lastLineOf(message: string): string {
  return message.trimEnd().split('\n').at(-1) as string;
}

/** Where in the project a traceback ends. */
function placeOf(traceback: string, isOwn: (file: string) => boolean): string | null {
  let last: string | null = null;
  for (const [, file = '', line] of traceback.matchAll(/^ +File "(.+)", line (\d+)/gm)) {
    if (isOwn(file)) last = `${file}, line ${line}`;
  }
  return last;
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, character => entities[character] as string);
}
