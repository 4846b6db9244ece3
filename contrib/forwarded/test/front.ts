// A real front in front of a server: nginx or HAProxy as a child process with a configuration of the test's own.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type RequestOptions, request } from 'node:http';
import { request as secureRequest } from 'node:https';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

const BOUND = 10_000;

/** A folder of its own, which is removed in the end. */
export class Folder implements Disposable {
  readonly path: string = mkdtempSync(join(tmpdir(), 'fapws-forwarded-'));

  file(name: string): string {
    return join(this.path, name);
  }

  write(name: string, text: string): string {
    writeFileSync(this.file(name), text);
    return this.file(name);
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

export class Front implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  #output = '';

  private constructor(command: string, args: readonly string[]) {
    this.#child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text;
      });
    }
    this.#ended = once(this.#child, 'close');
  }

  /** @param place the last port or path on which it begins to listen: when it does, it is ready */
  static async haproxy(folder: Folder, configuration: string, place: number | string): Promise<Front> {
    const file = folder.write('haproxy.cfg', `${configuration}\n`);
    return await new Front('haproxy', ['-db', '-f', file]).#ready(place);
  }

  static async nginx(folder: Folder, configuration: string, place: number | string): Promise<Front> {
    const file = folder.write(
      'nginx.conf',
      `daemon off; master_process off; pid ${folder.file('nginx.pid')}; error_log stderr notice;\n${configuration}`,
    );
    return await new Front('nginx', ['-p', folder.path, '-e', 'stderr', '-c', file]).#ready(place);
  }

  /** Neither program says when it listens, so it is asked. */
  async #ready(place: number | string): Promise<this> {
    for (const end = Date.now() + BOUND; ; await setTimeout(20)) {
      const socket = typeof place === 'string' ? connect(place) : connect({ host: '127.0.0.1', port: place });
      try {
        await once(socket, 'connect', { signal: AbortSignal.timeout(BOUND) });
        return this;
      } catch (error) {
        if (this.#child.exitCode === null && Date.now() < end) continue;
        await this[Symbol.asyncDispose]();
        throw new Error(`${this.#child.spawnfile} did not start:\n${this.#output}`, { cause: error });
      } finally {
        socket.destroy();
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null) this.#child.kill('SIGKILL');
    await this.#ended;
  }
}

/** Ports that are free now. Fronts can't be told to choose one and say which. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map(server => once(server, 'listening')));
  const ports = servers.map(server => (server.address() as { port: number }).port);
  await Promise.all(servers.map(server => once(server.close(), 'close')));
  return ports;
}

/** Requests through the front and takes the content as JSON. */
export async function get(options: RequestOptions & { tls?: object }): Promise<unknown> {
  const bounded = { agent: false, signal: AbortSignal.timeout(BOUND), ...options };
  const sent =
    options.tls === undefined
      ? request(bounded)
      : secureRequest({ ...bounded, rejectUnauthorized: false, ...options.tls });
  const [response] = await once(sent.end(), 'response');
  let text = '';
  for await (const chunk of response) text += String(chunk);
  if (response.statusCode !== 200) throw new Error(`${response.statusCode}: ${text}`);
  return JSON.parse(text);
}

export function found(command: string, argument: string): boolean {
  return spawnSync(command, [argument], { stdio: 'ignore' }).status === 0;
}

/** @throws Error with what it said, when it fails */
export function run(command: string, args: readonly string[]): void {
  const { status, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`);
}
