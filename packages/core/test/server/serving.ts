// A server for one test: it listens until the test is over, and keeps what it reports.

import { onTestFinished } from 'vitest';
import type { Application } from '../../src/base/types.ts';
import type { Address } from '../../src/loop/types.ts';
import type { ServerOptions } from '../../src/options.ts';
import { type Server, start } from '../../src/server.ts';
import { Watched } from '../loop/watched.ts';
import { Client } from './client.ts';

export class Serving extends Watched {
  readonly server: Server;
  /** What was written to `wsgi.errors`, by the server or an application. */
  log = '';

  constructor(server: Server) {
    super();
    this.server = server;
    const write = (text: string): void => {
      this.log += text;
      this.changed();
    };
    server.base({
      errors: {
        write,
        writelines: lines => {
          for (const line of lines) write(line);
        },
        flush() {},
      },
    });
  }

  get address(): Address {
    const [address] = this.server.addresses;
    if (address === undefined) throw new Error('the server does not listen');
    return address;
  }

  client(): Promise<Client> {
    return Client.connect(this.address);
  }

  untilLogged(text: string): Promise<void> {
    return this.until(`${JSON.stringify(text)} is logged`, () => this.log.includes(text));
  }
}

/** A server on a free port, or elsewhere, that does not listen yet; it is stopped when the test is over. */
export function server(
  options: ServerOptions & Partial<{ path: string; host: string; port: number }> = {},
): Serving {
  const where = options.path === undefined ? { host: '127.0.0.1', port: 0 } : {};
  const serving = new Serving(start({ ...where, ...options } as Address & ServerOptions));
  onTestFinished(async () => {
    await serving.server.stop({ graceMs: 0 });
  });
  return serving;
}

/** A server that listens. @param link mounts and routes what the test needs */
export async function serving(
  link: (server: Server) => void,
  options: ServerOptions & Partial<{ path: string; host: string; port: number }> = {},
): Promise<Serving> {
  const made = server(options);
  link(made.server);
  await made.server.listen();
  return made;
}

/** An application that always answers 200 with this text. */
export function says(text: string): Application {
  return (_, startResponse) => {
    startResponse('200 OK', [['Content-Type', 'text/plain']]);
    return [text];
  };
}

/** A promise and the function that fulfils it. */
export function gate<T = void>(): { opened: Promise<T>; open: (value: T) => void } {
  let open: (value: T) => void = () => {};
  const opened = new Promise<T>(resolve => {
    open = resolve;
  });
  return { opened, open };
}
