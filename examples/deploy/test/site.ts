// A front and two instances of the example, on free ports: the files of this example as they are, but for what a test has to
// replace in them.

import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Program, run } from '@fapws/testing';
import { onTestFinished } from 'vitest';

export const example: string = join(import.meta.dirname, '..');

export const instanceNames = ['one', 'two'] as const;
export type InstanceName = (typeof instanceNames)[number];

/** What stands in a file, and what a test wants there instead. It has to be there. */
export type Replacements = Readonly<Record<string, string>>;

export interface Front {
  /** As people call it. */
  readonly name: string;
  /** Of this example; the first one is what the program is told to read. */
  readonly files: readonly string[];
  readonly command: string;
  args(file: string, folder: string): string[];
  /** What the instances are told about it. */
  readonly environment: NodeJS.ProcessEnv;
}

/** A certificate for this machine, good for a day: its file, that of its key, and one with both. */
export function certificate(): { certificate: string; key: string; both: string } {
  const folder = mkdtempSync(join(tmpdir(), 'fapws-certificate-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const [certificate, key, both] = ['certificate.pem', 'key.pem', 'both.pem'].map(name =>
    join(folder, name),
  ) as [string, string, string];
  const subject = ['-subj', '/CN=localhost', '-days', '1', '-keyout', key, '-out', certificate];
  const made = run('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
    ...subject,
  ]);
  if (made.code !== 0) throw new Error(`openssl made no certificate:\n${made.output}`);
  writeFileSync(both, readFileSync(certificate, 'utf8') + readFileSync(key, 'utf8'));
  return { certificate, key, both };
}

/** What a file of the example says, changed for a test. @throws Error for something to replace that is not there */
export function fileWith(file: string, replacements: Replacements): string {
  let text = readFileSync(join(example, file), 'utf8');
  for (const [from, to] of Object.entries(replacements)) {
    if (!text.includes(from)) throw new Error(`${file} has no ${JSON.stringify(from)} any more`);
    text = text.replaceAll(from, to);
  }
  return text;
}

/** Other ports in place of those that this example uses: of the front, 8000, and of the instances, 8081 and 8082. */
export function withPorts(text: string, ports: readonly number[]): string {
  return ['8000', '8081', '8082'].reduce(
    (changed, port, at) => changed.replace(new RegExp(`(?<=[: =])${port}\\b`, 'g'), String(ports[at])),
    text,
  );
}

/** Ports that were free a moment ago. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map(server => once(server, 'listening')));
  const ports = servers.map(server => (server.address() as { port: number }).port);
  await Promise.all(servers.map(server => once(server.close(), 'close')));
  return ports;
}

/** Resolves when something accepts connections there. */
async function accepting(port: number): Promise<void> {
  const late = AbortSignal.timeout(20_000);
  for (;;) {
    const socket = connect(port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      return;
    } catch (error) {
      if (late.aborted) throw error;
      await sleep(20);
    } finally {
      socket.destroy();
    }
  }
}

export interface SiteOptions {
  /** Further replacements in the files of the front, by file. */
  readonly replacements?: Readonly<Record<string, Replacements>>;
  /** Further variables of the instances. */
  readonly environment?: NodeJS.ProcessEnv;
  /** @default 'http' */
  readonly scheme?: 'http' | 'https';
}

export class Site {
  /** `http://127.0.0.1:12345`, where the front is. */
  readonly origin: string;
  readonly instances = new Map<InstanceName, Program>();
  readonly ports: Readonly<Record<InstanceName, number>>;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #folder: string;
  #front: Program | null = null;

  private constructor(front: Front, options: SiteOptions, ports: readonly number[]) {
    const [port, one, two] = ports as [number, number, number];
    this.ports = { one, two };
    this.origin = `${options.scheme ?? 'http'}://127.0.0.1:${port}`;
    this.#environment = { ...front.environment, ...options.environment };
    this.#folder = mkdtempSync(join(tmpdir(), 'fapws-deploy-'));
    // Worker processes of a front that is started by root are somebody else.
    chmodSync(this.#folder, 0o755);
    for (const file of front.files) {
      const text = withPorts(fileWith(file, options.replacements?.[file] ?? {}), ports);
      writeFileSync(join(this.#folder, basename(file)), text);
    }
    for (const name of instanceNames) this.start(name);
  }

  /** Starts two instances and a front before them, and resolves when all of them accept connections. */
  static async start(front: Front, options: SiteOptions = {}): Promise<Site> {
    const ports = await freePorts(3);
    const site = new Site(front, options, ports);
    try {
      await Promise.all(instanceNames.map(name => site.ready(name)));
      const main = join(site.#folder, basename(front.files[0] as string));
      site.#front = new Program(front.command, front.args(main, site.#folder));
      await accepting(ports[0] as number);
    } catch (error) {
      const said = [site.#front, ...site.instances.values()].map(program => program?.output).join('\n');
      await site[Symbol.asyncDispose]();
      throw new Error(`${front.name} and its instances did not start:\n${said}`, { cause: error });
    }
    return site;
  }

  get front(): Program {
    return this.#front as Program;
  }

  start(name: InstanceName): void {
    const environment = {
      LISTEN: String(this.ports[name]),
      INSTANCE: name,
      LAME_DUCK_MS: '0',
      ...this.#environment,
    };
    this.instances.set(name, Program.fromSource(join(example, 'src/server.ts'), environment));
  }

  instance(name: InstanceName): Program {
    return this.instances.get(name) as Program;
  }

  async ready(name: InstanceName): Promise<void> {
    await this.instance(name).prints(/listening on/);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#front?.end('SIGTERM');
    await Promise.all([...this.instances.values()].map(instance => instance.end('SIGKILL')));
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
