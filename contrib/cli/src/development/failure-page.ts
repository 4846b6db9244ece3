// What is shown in place of an application that can't be loaded, while it is being written.

import type { Application } from '@fapws/core';

/** @param text what the terminal shows */
export function failurePage(text: string): Application {
  return (environ, startResponse) => {
    const isPage = environ['HTTP_ACCEPT']?.includes('text/html') === true;
    startResponse('500 Internal Server Error', [
      ['Content-Type', `text/${isPage ? 'html' : 'plain'}; charset=utf-8`],
      ['Cache-Control', 'no-store'],
    ]);
    return isPage ? htmlOf(text) : `${text}\n`;
  };
}

function htmlOf(text: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>The application can't be loaded</title>
<style>
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
  body { max-width: 60rem; margin: 3rem auto; padding: 0 1rem }
  pre { overflow-x: auto; padding: 1rem; border-left: 4px solid #d33; background: #8882; font: 14px/1.5 monospace }
</style>
<h1>The application can't be loaded</h1>
<pre>${escaped(text)}</pre>
<p>Correct it and load this page again.</p>
</html>
`;
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, character => entities[character] as string);
}
