// Clients that ask again and again, on connections that stay.

import { Agent, request } from 'node:http';
import type { TcpAddress } from '@fapws/core';
import type { Front } from './front.ts';

export class Load {
  /** How often each status was answered; 0 stands for a connection that broke. */
  readonly statuses = new Map<number, number>();
  /** What was answered with 200. */
  readonly bodies = new Set<string>();
  readonly #agent = new Agent({ keepAlive: true });
  readonly #port: number;
  readonly #clients: Promise<void>[] = [];
  #isOver = false;

  /** @param target what is asked for, or what makes that for each request */
  constructor(front: Front, clients: number, target: string | (() => string), method = 'GET') {
    this.#port = (front.server.addresses[0] as TcpAddress).port;
    for (let at = 0; at < clients; at += 1) this.#clients.push(this.#ask(target, method));
  }

  get answered(): number {
    return this.of(200);
  }

  /** All but those that were answered 200. */
  get failed(): number {
    let sum = 0;
    for (const [status, count] of this.statuses) if (status !== 200) sum += count;
    return sum;
  }

  of(status: number): number {
    return this.statuses.get(status) ?? 0;
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#clients);
    this.#agent.destroy();
  }

  async #ask(target: string | (() => string), method: string): Promise<void> {
    while (!this.#isOver) {
      const status = await this.#askOnce(typeof target === 'string' ? target : target(), method);
      this.statuses.set(status, this.of(status) + 1);
    }
  }

  #askOnce(path: string, method: string): Promise<number> {
    return new Promise(resolve => {
      const asked = request({ port: this.#port, agent: this.#agent, path, method }, answer => {
        let body = '';
        answer.setEncoding('latin1').on('data', (text: string) => {
          body += text;
        });
        answer.on('end', () => {
          if (answer.statusCode === 200) this.bodies.add(body);
          resolve(answer.statusCode ?? 0);
        });
        answer.on('error', () => resolve(0));
      });
      asked.on('error', () => resolve(0));
      asked.end();
    });
  }
}
