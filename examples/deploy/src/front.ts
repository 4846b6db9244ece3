// Whose word is taken for who the client is: the one place where trust is given.

import type { Middleware, Preface } from '@fapws/core';
import { forwarded, proxyProtocol } from '@fapws/forwarded';
import type { Settings } from './settings.ts';

export interface Believed {
  /** For `server.use`. */
  readonly middleware?: Middleware;
  /** For `start`. */
  readonly preface?: Preface;
}

export function believed({ front, trust }: Settings): Believed {
  switch (front) {
    case 'none':
      return {};
    case 'x-forwarded':
      // Those that nginx/site.conf and haproxy/haproxy.cfg set; others of their kind are taken out.
      return {
        middleware: forwarded({
          trust,
          headers: ['X-Forwarded-For', 'X-Forwarded-Proto', 'X-Forwarded-Host'],
        }),
      };
    case 'proxy-protocol':
      return { preface: proxyProtocol({ trust }) };
  }
}
