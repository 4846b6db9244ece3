// The frameworks that people use, for real: each as Debian has it.

import { pythonWith } from '@fapws/testing';
import { describe, vi } from 'vitest';
import { type Framework, framework } from './frameworks/framework.suite.ts';

// Python loads a framework here, maybe on a busy machine.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 });

const frameworks: Record<string, Framework> = {
  flask: { application: 'with_flask:app', errorPage: /Internal Server Error/ },
  django: { application: 'with_django:app', errorPage: /Server Error \(500\)/ },
  bottle: { application: 'with_bottle:app', errorPage: /Internal Server Error/ },
  falcon: { application: 'with_falcon:app', errorPage: /500 Internal Server Error/ },
  pyramid: { application: 'with_pyramid:create()' },
};

for (const [module, asked] of Object.entries(frameworks)) {
  const python = pythonWith(module);
  describe.runIf(python)(module, () => framework(python as string, asked));
}
