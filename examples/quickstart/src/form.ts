// A form that is posted: the content is read with a bound, taken apart, and shown again, escaped.

import { type Application, parseQuery } from '@fapws/core';
import { escapeHtml, htmlDocument, privatePageHeaders } from './html.ts';

/** More is no form that this page has made. */
const LARGEST_FORM = 65_536;

/** For `POST /form`. An asynchronous callback is one that returns a promise. */
export const form: Application = async (environ, startResponse) => {
  if (!environ.CONTENT_TYPE?.toLowerCase().startsWith('application/x-www-form-urlencoded')) {
    startResponse('415 Unsupported Media Type', [['Content-Type', 'text/plain; charset=utf-8']]);
    return 'Send the form as application/x-www-form-urlencoded.\n';
  }
  const content = await environ['wsgi.input'].read(LARGEST_FORM + 1);
  if (content.length > LARGEST_FORM) {
    startResponse('413 Content Too Large', [['Content-Type', 'text/plain; charset=utf-8']]);
    return `A form has ${LARGEST_FORM} octets at most.\n`;
  }

  const fields = Object.entries(parseQuery(new TextDecoder().decode(content)));
  const rows = fields.map(
    ([name, values]) => `<tr><th>${escapeHtml(name)}</th><td>${escapeHtml(values.join('\n'))}</td></tr>`,
  );
  startResponse('200 OK', privatePageHeaders);
  return htmlDocument(
    'What the form said',
    `<p>${fields.length === 1 ? 'One field' : `${fields.length} fields`}, read from <code>wsgi.input</code>.</p>
    <table>${rows.join('')}</table>`,
  );
};
