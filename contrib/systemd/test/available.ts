// The programs that these tests need besides Node.

import { spawnSync } from 'node:child_process';
import { optional } from '@fapws/testing';

function runs(program: string, option: string): boolean {
  return spawnSync(program, [option]).status === 0;
}

const howToGet = 'apt-get install systemd';

export const socketActivate: boolean = optional(
  'systemd-socket-activate',
  runs('systemd-socket-activate', '--version'),
  howToGet,
);

export const ANALYZE = 'systemd-analyze';

export const systemdAnalyze: boolean = optional(ANALYZE, runs(ANALYZE, '--version'), howToGet);

/** To make sockets that Node can't make. */
export const perl: boolean = optional('perl', runs('perl', '-v'), 'apt-get install perl-base');

export const systemdNotify: boolean =
  optional('systemd-notify', runs('systemd-notify', '--version'), howToGet) && perl;
