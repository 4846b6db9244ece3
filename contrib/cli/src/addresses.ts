// Where to listen: what was asked for, else the sockets that systemd has opened, else PORT of the environment, else the default.

import type { Address } from '@fapws/core';
import { activation } from '@fapws/systemd';
import { UsageError } from './errors.ts';
import { DEFAULT, type Settings } from './options/settings.ts';

export interface Places {
  readonly addresses: readonly Address[];
  /** Who decided it. */
  readonly origin: string;
}

/** @throws {UsageError} for a PORT that is none; ActivationError of @fapws/systemd */
export function placesOf(
  { values, origins }: Settings,
  environment: NodeJS.ProcessEnv = process.env,
): Places {
  if (origins.bind !== DEFAULT) return { addresses: asked(values), origin: origins.bind };
  const inherited = activation();
  if (inherited.length > 0) return { addresses: inherited, origin: 'systemd' };
  const port = environment['PORT'];
  if (port === undefined || port === '') return { addresses: asked(values), origin: DEFAULT };
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) {
    throw new UsageError(`PORT is ${JSON.stringify(port)}, not a port.`, 'Say with --bind where to listen.');
  }
  // A platform that sets it looks for the server from outside.
  return { addresses: [{ host: '0.0.0.0', port: Number(port) }], origin: 'PORT' };
}

function asked({ bind, socketMode }: Settings['values']): readonly Address[] {
  return bind.map(({ address }) =>
    'path' in address && socketMode !== undefined ? { ...address, mode: socketMode } : address,
  );
}
