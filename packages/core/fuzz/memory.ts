// The quick layer: a case against the protocol in memory, with a clock that the case moves. What is not allowed is thrown.

import { inspect } from 'node:util';
import { defaultLimits } from '../src/http/limits.ts';
import type { Limits } from '../src/index.ts';
import { type Client, Server } from '../test/http/wire.ts';
import { application } from './applications.ts';
import { type Case, clientsOf, mannerOf, octetsOf, type Step } from './cases.ts';
import { dispatching } from './dispatching.ts';
import { judge, Violation } from './judge.ts';
import { Traces } from './kind.ts';
import { strangeIn } from './log.ts';
import { afterPreface, preface } from './preface.ts';
import { readRequests, servedMethods } from './reference.ts';

/** Longer than any of the timeouts. Milliseconds. */
const ALL_TIMEOUTS = 100_000;
/** Longer than anything takes; real milliseconds. */
const GRACE = 60_000;
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
  /** Over when the stop of the server is. */
  #stop: Promise<number> | null = null;
  #log = '';

  constructor(made: Case) {
    this.#case = made;
    this.limits = { ...defaultLimits, ...made.limits };
    let caller: unknown = null;
    const answering = application(this.#traces, (method, target, client) => {
      const calls = this.#calls.get(caller) ?? [];
      this.#calls.set(caller, [...calls, `${client} ${method} ${target}`]);
    });
    const dispatcher = dispatching({ '': answering }, text => {
      this.#log += text;
    });
    this.server = new Server({
      limits: made.limits,
      ...(made.timeouts === undefined ? {} : { timeouts: made.timeouts }),
      ...(made.preface === true ? { preface } : {}),
      app: exchange => {
        caller = exchange.connection.transport;
        dispatcher.answer(exchange);
      },
    });
  }

  async run(): Promise<Map<number, string | null>> {
    for (const step of this.#case.steps) await this.#take(step);
    await this.#end();
    try {
      return await this.#judge();
    } finally {
      // Only a server that is at fault has something left here, which would keep the time of the stop running.
      this.server.inTurn(() => this.server.protocol.cutAll());
    }
  }

  async #take(step: Step): Promise<void> {
    if (step.do === 'rest') return this.server.quiet();
    if (step.do === 'wait') {
      this.server.advance(step.milliseconds);
      return;
    }
    if (step.do === 'stop') {
      // Who comes later does not get in: the listeners are closed by then.
      for (const client of clientsOf(this.#case)) this.#client(client);
      this.#stop ??= this.server.protocol.finish(GRACE);
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

  async #judge(): Promise<Map<number, string | null>> {
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
      outcomes.set(number, this.#judgeClient(client, client.ending, number));
    }
    if (protocol.connections.size !== 0)
      throw new Violation(`${protocol.connections.size} connections are not forgotten`);
    if (!exchanges.every(exchange => exchange.complete || exchange.gone)) {
      throw new Violation('a request is in hand for ever');
    }
    if (this.#traces.running !== 0) throw new Violation(`${this.#traces.running} callbacks never end`);
    if (this.#traces.unclosed !== 0) throw new Violation(`${this.#traces.unclosed} results are not closed`);
    // No connection is left, so it is over.
    if (this.#stop !== null && (await this.#stop) !== 0) throw new Violation('the stop has cut requests');
    return outcomes;
  }

  #judgeClient(client: Client, ending: 'closed' | 'reset', number: number): string | null {
    const manner = mannerOf(this.#case, number);
    const { received } = client;
    let sent = octetsOf(this.#case, number);
    let address = client.remote.address;
    if (this.#case.preface === true) {
      const behind = afterPreface(sent);
      if (behind.kind === 'none') {
        if (received !== '') throw new Violation(`there was no preface, and yet an answer: ${received}`);
        this.#judgeCalls(client, '', '');
        return '';
      }
      ({ address, rest: sent } = behind);
    }
    this.#judgeCalls(client, address, sent);
    return judge({ sent, received, ending, manner, limits: this.limits });
  }

  /** Applications see the requests that the octets hold, in order, and no others; and whose they are. */
  #judgeCalls(client: Client, address: string, sent: string): void {
    const calls = this.#calls.get(client) ?? [];
    const possible = readRequests(sent, this.limits)
      .requests.filter(({ method, target }) => servedMethods.includes(method) && target !== '*')
      .map(({ method, target }) => `${address} ${method} ${target}`);
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
