// The form of a request, whichever way it was sent, and its query.

import type { Environ } from '@fapws/core';
import { decodeText } from './charset.ts';
import { FormError, malformed } from './errors.ts';
import { Fields } from './fields.ts';
import { Form } from './form.ts';
import { Gathered } from './gathered.ts';
import { checkLimit, type FormLimits } from './limits.ts';
import {
  formSettings,
  type QueryOptions,
  querySettings,
  type ReadFormOptions,
  type Settings,
} from './options.ts';
import { type Parameterised, parseParameterised } from './parameters.ts';
import { readMultipart } from './read-multipart.ts';
import { parseUrlencoded } from './urlencoded.ts';

/** Where the form of a request is remembered, since its content can be read once only. */
const KEY = 'forms.form';

/**
 * Reads the form of a request: `application/x-www-form-urlencoded` or `multipart/form-data`. Who asks again, for instance behind a
 * middleware that looked for a token, gets the same form; the options of the first one hold.
 *
 * @throws {FormError} 400, 413 or 415; and RequestError of core when the content can't be read to its end
 */
export function readForm(environ: Environ, options?: ReadFormOptions): Promise<Form> {
  const settings = formSettings(options);
  const known = environ[KEY];
  if (known instanceof Promise) return known as Promise<Form>;
  const form = read(environ, settings);
  environ[KEY] = form;
  return form;
}

async function read(environ: Environ, settings: Settings): Promise<Form> {
  const type = parseParameterised(environ.CONTENT_TYPE ?? '');
  if (type?.value === 'multipart/form-data') return readMultipart(environ, boundaryOf(type), settings);
  if (type?.value === 'application/x-www-form-urlencoded')
    return readUrlencoded(environ, type, settings.limits);
  throw new FormError(
    'type',
    'Send the form as application/x-www-form-urlencoded or as multipart/form-data.',
  );
}

async function readUrlencoded(environ: Environ, type: Parameterised, limits: FormLimits): Promise<Form> {
  // Percent-encoded octets are UTF-8 whatever this says; other words than these would be read wrongly.
  const charset = type.parameters.get('charset') ?? 'utf-8';
  if (!/^(?:utf-?8|us-ascii)$/i.test(charset)) throw new FormError('charset', 'Send the form in UTF-8.');
  // Before anything is asked for: a client that waits for 100 Continue need not send it.
  checkLimit(limits, 'text', Number(environ.CONTENT_LENGTH ?? 0));
  const content = new Gathered();
  for await (const chunk of environ['wsgi.input']) {
    checkLimit(limits, 'text', content.size + chunk.length);
    content.add(chunk);
  }
  return new Form(parseUrlencoded(decodeText(content.octets()), limits));
}

/** RFC 2046 5.1.1: 1 to 70 characters of a small set. Others are taken too, unless they could not be in a header line. */
function boundaryOf({ parameters }: Parameterised): string {
  const boundary = parameters.get('boundary') ?? '';
  if (boundary === '' || boundary.length > 70) {
    throw malformed('The Content-Type of the form has no boundary of 1 to 70 characters.');
  }
  return boundary;
}

/**
 * The query of a request, by the same rules as an urlencoded form.
 *
 * @throws {FormError} 400 for what is not UTF-8, 414 beyond a limit
 */
export function readQuery(environ: Environ, options?: QueryOptions): Fields {
  const { limits } = querySettings(options);
  try {
    return new Fields(parseUrlencoded(environ.QUERY_STRING, limits));
  } catch (error) {
    if (!(error instanceof FormError) || error.limit === null) throw error;
    throw new FormError('limit', error.message, error.limit, '414 URI Too Long');
  }
}
