import { describe, expect, test } from 'vitest';
import { type LogOptions, log } from '../src/index.ts';

describe('a wrong option is an error that names it', () => {
  test.each<[options: unknown, message: string]>([
    [{ too: 'stdout' }, "log: log(…) has no option 'too'; it has to, format,"],
    ['combined', 'log: log(…) is an object of options.'],
    [null, 'log: log(…) is an object of options.'],
    [
      { to: '/var/log/access.log' },
      "log: to is '/var/log/access.log', not 'stdout', { file: 'path' } or a function.",
    ],
    [{ to: { file: '' } }, 'log: to is'],
    [{ to: { file: 'x', path: 'y' } }, "log: to has no option 'path'; it has file."],
    [{ refused: 'yes' }, 'log: refused is true or false.'],
    [{ skip: true }, 'log: skip is a function.'],
    [{ report: 'stderr' }, 'log: report is a function.'],
    [{ flushMs: -1 }, 'log: flushMs is -1, not milliseconds from 0 to 60000.'],
    [{ flushMs: '1' }, "log: flushMs is '1', not"],
    [{ buffer: 1000 }, 'log: buffer is 1000, not octets from 262144 on.'],
    [{ mode: 0o1000 }, 'log: mode is 512, not permission bits such as 0o640.'],
    [
      { reopenOn: 'SIGUSR1' },
      "log: reopenOn is 'SIGUSR1', not 'SIGUSR2', 'SIGHUP' or false: Node starts its inspector at that one.",
    ],
    [{ reopenOn: 'SIGTERM' }, "log: reopenOn is 'SIGTERM', not 'SIGUSR2', 'SIGHUP' or false."],
    [{ requestId: 'yes' }, 'log: requestId is an object of options.'],
    [{ requestId: { name: 'X' } }, "log: requestId has no option 'name'; it has header, trust, make."],
    [{ requestId: { header: 'no name' } }, "log: requestId.header: 'no name' is no header name"],
    [
      { requestId: { trust: '10.0.0.0/8' } },
      'log: requestId.trust is true, false or a function of the environ.',
    ],
    [{ requestId: { make: 'uuid' } }, 'log: requestId.make is a function.'],
  ])('%j', (options, message) => {
    expect(() => log(options as LogOptions)).toThrow(message);
  });

  test('a file that can’t be opened is one too, and nothing is left behind', () => {
    const listeners = process.listenerCount('exit') + process.listenerCount('SIGUSR2');
    expect(() => log({ to: { file: '/nowhere/at/all.log' } })).toThrow('ENOENT');
    expect(process.listenerCount('exit') + process.listenerCount('SIGUSR2')).toBe(listeners);
  });
});
