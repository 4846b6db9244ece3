// The first page: what there is to see here, and how to see it from a terminal.

import type { Application } from '@fapws/core';
import { escapeHtml, htmlDocument, pageHeaders } from './html.ts';

/** One thing that the example shows. */
interface Card {
  readonly title: string;
  /** Where it is, without the leading slash; linked when a GET shows something. */
  readonly path: string;
  readonly link: boolean;
  readonly source: string;
  readonly words: string;
  /** What curl is told before the address, with a blank behind it. */
  readonly curl?: string;
  /** Markup of its own. */
  readonly control?: string;
}

const cards: readonly Card[] = [
  {
    title: 'Hello',
    path: 'hello',
    link: true,
    source: 'hello.ts',
    words: 'The smallest callback. With a name in the path it <a href="hello/you">greets you</a>.',
  },
  {
    title: 'Generator',
    path: 'generator',
    link: true,
    source: 'generator.ts',
    words: 'Yields its answer piece by piece; each piece is sent when it is made.',
  },
  {
    title: 'Environ',
    path: 'environ/a?b=c',
    link: true,
    source: 'environ-dump.ts',
    words: 'All that a callback is told of its request, key by key.',
  },
  {
    title: 'Form',
    path: 'form',
    link: false,
    source: 'form.ts',
    words: 'Posts what you write here, and shows how it was understood.',
    curl: "-d 'word=bonjour' ",
    control: `<form action="form" method="post">
<input name="word" value="bonjour" aria-label="A word" maxlength="1000"><button>Send</button></form>`,
  },
  {
    title: 'Download',
    path: 'download',
    link: true,
    source: 'download.ts',
    words: 'Ten megabytes, made while they are sent and only as fast as you take them.',
    curl: '--limit-rate 1M -o /dev/null ',
  },
  {
    title: 'Upload',
    path: 'upload',
    link: false,
    source: 'upload.ts',
    words: 'Counts the bytes of a file of up to a gigabyte. Nothing of it is kept.',
    curl: '-T FILE ',
    control: `<form id="upload" action="upload" method="post" enctype="multipart/form-data">
<input type="file" name="file" required aria-label="A file"><button>Send</button></form>
<progress id="upload-progress" value="0" hidden aria-label="Sent"></progress><output id="upload-result"></output>`,
  },
  {
    title: 'Ticks',
    path: 'ticks',
    link: true,
    source: 'ticks.ts',
    words: 'An event a second, until you leave. The terminal says when the server has noticed.',
    curl: '-N ',
    control: `<form id="ticks"><button>Listen</button></form><output id="ticks-result"></output>`,
  },
];

/** Progress of an upload, and listening to ticks; everything else works without a script. */
const script = `
const element = id => document.getElementById(id);
const form = element('upload');
form.addEventListener('submit', event => {
  event.preventDefault();
  const request = new XMLHttpRequest();
  const tell = text => { element('upload-result').textContent = text; };
  element('upload-progress').hidden = false;
  request.upload.onprogress = ({ loaded, total }) => { element('upload-progress').value = total ? loaded / total : 1; };
  request.onerror = () => tell('The connection broke.');
  request.onload = () => {
    if (request.status !== 200) return tell(request.responseText);
    const { octets, pieces, milliseconds } = JSON.parse(request.responseText);
    tell(octets.toLocaleString('en') + ' bytes in ' + pieces.toLocaleString('en') + ' pieces, ' + milliseconds + ' ms');
  };
  request.open('POST', form.action);
  request.send(form.elements.file.files[0]);
});
let source = null;
element('ticks').addEventListener('submit', event => {
  event.preventDefault();
  const button = event.target.querySelector('button');
  const tell = text => { element('ticks-result').textContent = text; };
  button.textContent = source ? 'Listen' : 'Stop';
  if (source) {
    source.close();
    source = null;
    return tell('Stopped.');
  }
  source = new EventSource('ticks');
  source.onmessage = ({ lastEventId, data }) => tell('Tick ' + lastEventId + ' at ' + data.slice(11, 19) + ' UTC');
  source.onerror = () => tell('The connection broke; trying again.');
});
`;

/** @param loop the name of the event loop */
export function page(loop: string): Application {
  const headers = pageHeaders('no-cache', script);
  return (environ, startResponse) => {
    // PEP 3333, "URL Reconstruction": the address as the client knows it.
    const host = environ.HTTP_HOST ?? `${environ.SERVER_NAME}:${environ.SERVER_PORT}`;
    // What curl takes without a scheme is http.
    const address = environ['wsgi.url_scheme'] === 'http' ? host : `https://${host}`;
    startResponse('200 OK', headers);
    return htmlDocument(
      'It runs.',
      `<p>This page comes from a web server for Node.js whose callbacks have the shape of WSGI. Each card is one callback
in a file of its own, short enough to be read in a minute.</p>
<p class="facts">${escapeHtml(loop)} loop · Node ${escapeHtml(process.version)} · <code>examples/quickstart/src</code></p>
<main class="cards">${cards.map(card => cardMarkup(card, address)).join('\n')}</main>
<script>${script}</script>`,
    );
  };
}

function cardMarkup(
  { title, path, link, source, words, curl = '', control = '' }: Card,
  address: string,
): string {
  const heading = link ? `<a href="${escapeHtml(path)}">${title}</a>` : title;
  const url = path.includes('?') ? `'${address}/${path}'` : `${address}/${path}`;
  return `<section class="card">
<h2><code class="source">${source}</code>${heading}</h2>
<p>${words}</p>
${control}
<pre>curl ${escapeHtml(`${curl}${url}`)}</pre>
</section>`;
}
