// Applications that send early hints.

import type { Environ } from '../src/index.ts';
import { begin, digest, digestOf, failed, type Kind, later, TARGET_FIELD } from './kind.ts';

/** Hints that say whose they are. */
function hint(environ: Environ): void {
  environ['wsgi.early_hints']([
    ['Link', '</style.css>; rel=preload; as=style'],
    [TARGET_FIELD, environ.REQUEST_URI],
    // Left out of an interim answer.
    ['Content-Length', '5'],
  ]);
}

export const hintKinds: Readonly<Record<string, Kind>> = {
  hints: {
    application: async (environ, start) => {
      hint(environ);
      hint(environ);
      await later();
      hint(environ);
      begin(environ, start);
      hint(environ);
      return ['hinted'];
    },
    expected: () => ({ status: 200, content: 'hinted' }),
    hints: 4,
  },
  hintsread: {
    application: async (environ, start) => {
      hint(environ);
      const content = await environ['wsgi.input'].read();
      hint(environ);
      begin(environ, start);
      return [digest(content)];
    },
    expected: request => ({ status: 200, content: digestOf(request) }),
    needs: Number.POSITIVE_INFINITY,
    hints: 2,
  },
  hintsfail: {
    application: async environ => {
      hint(environ);
      await later();
      throw new Error('thrown on purpose');
    },
    expected: () => failed,
    hints: 1,
  },
  /** Those that come too late, and those that can't be sent. */
  nohints: {
    application: function* (environ, start) {
      let refused = '';
      try {
        environ['wsgi.early_hints']([['Link', 'a\r\nX-Injected: 1']]);
      } catch (error) {
        refused = (error as { code: string }).code;
      }
      begin(environ, start);
      yield refused;
      hint(environ);
      yield '!';
      hint(environ);
    },
    expected: () => ({ status: 200, content: 'FAPWS_HEADER!' }),
  },
};
