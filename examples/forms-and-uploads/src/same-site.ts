// Any page on the web can post a form to this server from the browser of whoever looks at it. Browsers say from where a
// request comes; what comes from elsewhere and changes something is refused.

import type { Middleware } from '@fapws/core';

const changing = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);

export const sameSite: Middleware = application => (environ, startResponse) => {
  const from = environ.HTTP_SEC_FETCH_SITE;
  // Programs such as curl say nothing of it; they have no visitor's cookies to be misused.
  const foreign = from !== undefined && from !== 'same-origin' && from !== 'none';
  if (!foreign || !changing.has(environ.REQUEST_METHOD)) return application(environ, startResponse);
  startResponse('403 Forbidden', [['Content-Type', 'text/plain']]);
  return 'This form was sent by a page of another site.\n';
};
