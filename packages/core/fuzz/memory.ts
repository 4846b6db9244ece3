// The quick layer: a case against the protocol in memory, with a clock that the case moves. What is not allowed is thrown.

import { inspect } from 'node:util';
import { defaultLimits } from '../src/http/limits.ts';
import type { Limits } from '../src/index.ts';
import { type Client, Server } from '../test/http/wire.ts';
import { application, Traces } from './applications.ts';
import { type Case, clientsOf, mannerOf, octetsOf, type Step } from './cases.ts';
import { dispatching } from './dispatching.ts';
import { judge, Violation } from './judge.ts';
import { strangeIn } from './log.ts';
import { readRequests, servedMethods } from './reference.ts';

/** Longer than any of the timeouts. Milliseconds. */
const ALL_TIMEOUTS = 100_000;
/** Rounds of turns after which an application that has not come to its end never will. */
const MOST_ROUNDS = 500;

/** Errors that nobody caught, of whatever runs at the moment. */
const escaped: unknown[] = [];
process.on('uncaughtException', error => escaped.push(error));
process.on('unhandledRejection', error => escaped.push(error));

class Run {
  readonly limits: Limits;
  readonly server: Server;
  readonly clients = new Map<number, Client>();
  readonly #traces = new Traces();
  readonly #calls = new Map<unknown, string[]>();
  readonly #case: Case;
  #log = '';

  constructor(made: Case) {
    this.#case = made;
    this.limits = { ...defaultLimits, ...made.limits };
    let caller: unknown = null;
    const answering = application(this.#traces, (method, target) => {
      const calls = this.#calls.get(caller) ?? [];
      this.#calls.set(caller, [...calls, `${method} ${target}`]);
    });
    const dispatcher = dispatching({ '': answering }, text => {
      this.#log += text;
    });
    this.server = new Server({
      limits: made.limits,
      app: exchange => {
        caller = exchange.connection.transport;
        dispatcher.answer(exchange);
      },
    });
  }

  async run(): Promise<Map<number, string | null>> {
    for (const step of this.#case.steps) await this.#take(step);
    await this.#end();
    return this.#judge();
  }

  async #take(step: Step): Promise<void> {
    if (step.do === 'rest') return this.server.quiet();
    if (step.do === 'wait') {
      this.server.advance(step.milliseconds);
      return;
    }
    const client = this.#client(step.client);
    switch (step.do) {
      case 'send':
        client.send(step.octets);
        break;
      case 'finish':
        client.finish();
        break;
      case 'break':
        client.break();
        break;
      case 'hold':
        client.takes = false;
        break;
      case 'take':
        client.takes = step.octets === null;
        client.take(step.octets ?? Number.POSITIVE_INFINITY);
    }
  }

  #client(number: number): Client {
    const known = this.clients.get(number);
    if (known !== undefined) return known;
    const client = this.server.connect();
    this.clients.set(number, client);
    return client;
  }

  /** Everything that is under way comes to its end. */
  async #end(): Promise<void> {
    await this.#settle();
    for (const client of this.clients.values()) {
      client.takes = true;
      client.take();
    }
    await this.#settle();
    while (this.#traces.waiting > 0) {
      this.#traces.release();
      await this.#settle();
    }
    for (let times = 0; times < 2 && this.server.protocol.connections.size > 0; times += 1) {
      this.server.advance(ALL_TIMEOUTS);
      await this.#settle();
    }
  }

  /** Applications may take many turns in which the server has nothing to do. */
  async #settle(): Promise<void> {
    for (let round = 0; round < MOST_ROUNDS; round += 1) {
      await this.server.quiet();
      if (this.#traces.running === this.#traces.waiting) return;
    }
  }

  #judge(): Map<number, string | null> {
    const { protocol, exchanges } = this.server;
    if (escaped.length > 0) throw new Violation(`an error escaped: ${inspect(escaped.splice(0)[0])}`);
    const strange = strangeIn(this.#log);
    if (strange !== null) throw new Violation(`the log has ${strange}`);
    const outcomes = new Map<number, string | null>();
    for (const number of clientsOf(this.#case)) {
      const client = this.clients.get(number) as Client;
      if (client.ending === 'open' || client.ending === 'half-closed') {
        throw new Violation(
          `client ${number}: its connection has no end; it is in state ${client.connection.state}`,
        );
      }
      const sent = octetsOf(this.#case, number);
      const manner = mannerOf(this.#case, number);
      this.#judgeCalls(client, sent);
      outcomes.set(
        number,
        judge({ sent, received: client.received, ending: client.ending, manner, limits: this.limits }),
      );
    }
    if (protocol.connections.size !== 0)
      throw new Violation(`${protocol.connections.size} connections are not forgotten`);
    if (!exchanges.every(exchange => exchange.complete || exchange.gone)) {
      throw new Violation('a request is in hand for ever');
    }
    if (this.#traces.running !== 0) throw new Violation(`${this.#traces.running} callbacks never end`);
    if (this.#traces.unclosed !== 0) throw new Violation(`${this.#traces.unclosed} results are not closed`);
    return outcomes;
  }

  /** Applications see the requests that the octets hold, in order, and no others. */
  #judgeCalls(client: Client, sent: string): void {
    const calls = this.#calls.get(client) ?? [];
    const possible = readRequests(sent, this.limits)
      .requests.filter(({ method, target }) => servedMethods.includes(method) && target !== '*')
      .map(({ method, target }) => `${method} ${target}`);
    for (const [at, call] of calls.entries()) {
      if (call !== possible[at])
        throw new Violation(`an application saw ${call}, not ${possible[at] ?? 'nothing'}`);
    }
  }
}

/**
 * Runs a case.
 * @returns for each client what must not depend on how its octets were cut; null where it may
 * @throws {Violation} and whatever else goes wrong
 */
function runInMemory(made: Case): Promise<Map<number, string | null>> {
  escaped.length = 0;
  return new Run(made).run();
}

/** Runs a case, and each of its clients once more alone, with its octets in one piece or one by one. */
export async function runAndCompare(made: Case, byOctet: boolean): Promise<void> {
  const outcomes = await runInMemory(made);
  for (const [client, outcome] of outcomes) {
    if (outcome === null) continue;
    const octets = octetsOf(made, client);
    const parts = byOctet && octets.length < 500 ? octets.split('') : [octets];
    const steps: Step[] = parts
      .filter(part => part !== '')
      .map(part => ({ client, do: 'send', octets: part }));
    if (mannerOf(made, client).finishes) steps.push({ client, do: 'finish' });
    const again = (await runInMemory({ ...made, steps })).get(client) ?? null;
    if (again === null || again === outcome) continue;
    throw new Violation(
      `client ${client}: the outcome depends on where reads were cut: ${JSON.stringify(outcome.slice(0, 300))} or, ${parts.length === 1 ? 'in one piece' : 'octet by octet'}, ${JSON.stringify(again.slice(0, 300))}`,
    );
  }
}
