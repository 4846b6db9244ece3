// A client's end of one connection: sends what it is told and waits for what comes, never longer than a bound.
import { connect } from 'node:net';

/** Longer than any timeout of the server. Milliseconds. */
const PATIENCE = 20_000;

export class Peer {
  #socket;
  #received = '';
  #octets = 0;
  #wake = () => {};
  #over = false;
  #keeps = true;

  /** @param {number} port */
  static async connect(port) {
    const peer = new Peer(port);
    await peer.until('connected', () => !peer.#socket.connecting);
    return peer;
  }

  /** @param {number} port */
  constructor(port) {
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.#socket.setEncoding('latin1');
    this.#socket.on('data', text => {
      this.#octets += text.length;
      if (this.#keeps) this.#received += text;
      this.#wake();
    });
    for (const event of ['connect', 'drain']) this.#socket.on(event, () => this.#wake());
    // That the server has closed or cut a connection is for each client to expect, or not.
    this.#socket.on('error', () => {});
    this.#socket.on('close', () => {
      this.#over = true;
      this.#wake();
    });
  }

  /** @param {string | Buffer} octets */
  send(octets) {
    if (!this.#over) this.#socket.write(octets, 'latin1');
  }

  /** Counts what comes and forgets it. */
  countOnly() {
    this.#keeps = false;
    this.#received = '';
  }

  get received() {
    return this.#received;
  }

  get octets() {
    return this.#octets;
  }

  get over() {
    return this.#over;
  }

  pause() {
    this.#socket.pause();
  }

  resume() {
    this.#socket.resume();
  }

  leave() {
    this.#socket.destroy();
  }

  reset() {
    this.#socket.resetAndDestroy();
  }

  /** Takes the next whole answer with a Content-Length and returns its status and content. */
  async answer() {
    let taken;
    await this.until('an answer', () => {
      const head = this.#received.indexOf('\r\n\r\n');
      if (head === -1) return false;
      const length = Number(/\r\nContent-Length: (\d+)/.exec(this.#received.slice(0, head))?.[1]);
      if (this.#received.length < head + 4 + length) return false;
      taken = {
        status: Number(this.#received.slice(9, 12)),
        content: this.#received.slice(head + 4, head + 4 + length),
      };
      this.#received = this.#received.slice(head + 4 + length);
      return true;
    });
    return taken;
  }

  /** Waits for an answer whose content has so many octets, and forgets it. @param {number} octets */
  async content(octets) {
    await this.until('an answer', () => {
      const head = this.#received.indexOf('\r\n\r\n');
      return head !== -1 && this.#received.length >= head + 4 + octets;
    });
    this.#received = '';
  }

  /** @param {string} what @param {() => boolean} condition looked at whenever something happens */
  async until(what, condition) {
    const deadline = Date.now() + PATIENCE;
    while (!condition()) {
      if (this.#over)
        throw new Error(`closed instead of: ${what}; ${JSON.stringify(this.#received.slice(0, 200))}`);
      const left = deadline - Date.now();
      if (left <= 0) throw new Error(`not within ${PATIENCE / 1000} s: ${what}`);
      await new Promise(resolve => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timer);
          resolve(undefined);
        };
      });
    }
  }

  /** Waits for the server to end the connection. */
  async untilOver() {
    const deadline = Date.now() + PATIENCE;
    while (!this.#over) {
      if (Date.now() > deadline) throw new Error('the server does not close the connection');
      await new Promise(resolve => {
        const timer = setTimeout(resolve, 1000);
        this.#wake = () => {
          clearTimeout(timer);
          resolve(undefined);
        };
      });
    }
  }
}
