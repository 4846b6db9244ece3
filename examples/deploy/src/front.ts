// Whose word is taken for who the client is: the one place where trust is given.

import type { Middleware, Preface } from '@fapws/core';
import { forwarded, proxyProtocol } from '@fapws/forwarded';
import type { Settings } from './settings.ts';

export interface Believed {
  /** Around every application that looks at the client. */
  readonly middleware: Middleware;
  /** For `start`. */
  readonly preface: Preface | undefined;
}

export function believed({ front, trust }: Settings): Believed {
  switch (front) {
    case 'none':
      return { middleware: app => app, preface: undefined };
    case 'x-forwarded':
      // Those that nginx/site.conf and haproxy/haproxy.cfg set; others of their kind are taken out.
      return {
        middleware: forwarded({
          trust,
          headers: ['X-Forwarded-For', 'X-Forwarded-Proto', 'X-Forwarded-Host'],
        }),
        preface: undefined,
      };
    case 'proxy-protocol':
      return { middleware: app => app, preface: proxyProtocol({ trust }) };
  }
}
