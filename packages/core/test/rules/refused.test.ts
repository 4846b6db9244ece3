// What two servers could read differently is refused, not interpreted: the status is that of the rule, it is the only answer, the
// connection ends, and no application sees what follows.

import { describe, expect, test } from 'vitest';
import { groups } from './all-malformed.ts';
import { ask, SMUGGLED } from './asking.ts';

describe.each(groups)('%s', (_, rules) => {
  for (const { title, octets, status, called } of rules) {
    test(title, async () => {
      const methods = [/^HEAD/.test(octets) ? 'HEAD' : 'GET'];
      const { answers, ...outcome } = await ask(octets + SMUGGLED, { methods });
      expect(outcome.codes).toEqual([status]);
      const [answer] = answers;
      expect(answer?.header('Connection')).toBe('close');
      expect(answer?.header('Content-Length')).toBe(String(answer?.body.length));
      expect(answer?.header('Date')).toMatch(/ GMT$/);
      if (called) expect(outcome.called).toEqual([expect.stringMatching(/^POST \/ FAPWS_CONTENT_/)]);
      else expect(outcome.called).toEqual([]);
    });
  }
});
