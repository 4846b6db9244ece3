// The middleware: asks what the client takes, and lets an Answer see to the rest.

import { type Application, type Middleware, plainErrorPage } from '@fapws/core';
import { Preferences } from './accept-encoding.ts';
import { Answer } from './answer.ts';
import { equipmentOf } from './equipment.ts';
import { type GzipOptions, settingsOf } from './options.ts';

const notAcceptable = '406 Not Acceptable';

/**
 * Compresses answers in the coding that the client likes best.
 *
 * @param options see {@link GzipOptions}
 * @returns a middleware, for `server.use(gzip())` or around one application
 * @throws {RangeError | TypeError} naming the option that is wrong
 */
export function gzip(options?: GzipOptions): Middleware;
/** `gzip(application)` is `gzip()(application)`: all options as they are by default. */
export function gzip(application: Application): Application;
export function gzip(given: GzipOptions | Application = {}): Middleware | Application {
  return typeof given === 'function' ? compression({})(given) : compression(given);
}

function compression(options: GzipOptions): Middleware {
  const settings = settingsOf(options);
  const preferences = new Preferences(settings.encodings);
  const equipment = equipmentOf(settings);
  const { when, refuses } = settings;

  return application =>
    // HOT.
    (environ, startResponse) => {
      if (when !== null && !when(environ)) return application(environ, startResponse);
      const preference = preferences.of(environ.HTTP_ACCEPT_ENCODING);
      if (refuses && preference.identityRefused && preference.coding === null) {
        const method = environ.REQUEST_METHOD;
        // What other methods do is done whatever the answer looks like.
        if (method === 'GET' || method === 'HEAD') {
          const offered = `${settings.encodings.join(', ')}, identity`;
          const page = plainErrorPage(notAcceptable, `The codings of this resource are ${offered}.`);
          startResponse(notAcceptable, [...page.headers, ['Vary', 'Accept-Encoding']]);
          return page.content;
        }
      }
      const answer = new Answer(equipment, environ, startResponse, preference);
      return answer.settle(application(environ, answer.startResponse));
    };
}
