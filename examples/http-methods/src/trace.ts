// TRACE (RFC 9110, 9.3.8): the client gets back what arrived here, and so sees what was changed on the way.

import type { Middleware } from '@fapws/core';

/** What scripts in browsers must not read. TRACE is switched off in most servers because of these. */
const SECRET = /^(authorization|proxy-authorization|cookie)$/i;

export const trace: Middleware = application => (environ, startResponse) => {
  if (environ.REQUEST_METHOD !== 'TRACE') return application(environ, startResponse);
  startResponse('200 OK', [['Content-Type', 'message/http']]);
  const [requestLine] = environ['fapws.raw_header'].split('\r\n', 1);
  const fields = environ['fapws.headers'].filter(([name]) => !SECRET.test(name));
  const message = [requestLine, ...fields.map(([name, value]) => `${name}: ${value}`), '', ''].join('\r\n');
  // The head has one code point per octet; as a string it would go out as UTF-8.
  return Buffer.from(message, 'latin1');
};
