// Talks to a server one exchange at a time: for checking answers, and for what a load generator cannot measure.
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { within } from './deadline.mjs';

/**
 * @typedef {object} Answer
 * @property {number} status
 * @property {import('node:http').IncomingHttpHeaders} headers
 * @property {Buffer} body
 */

/**
 * @param {number} port
 * @param {import('./load.mjs').Load} load as what is applied later: method, path, headers and body
 * @returns {Promise<Answer>}
 */
export async function ask(port, { method, path, headers, bodyBytes }) {
  const agent = new Agent({ keepAlive: true });
  const answer = async () => {
    const outgoing = request({ host: '127.0.0.1', port, method, path, headers, agent });
    outgoing.end(Buffer.alloc(bodyBytes, 'x'));
    const [incoming] = await once(outgoing, 'response');
    const body = Buffer.concat(await incoming.toArray());
    return { status: incoming.statusCode, headers: incoming.headers, body };
  };
  try {
    return await within(5, `${method} ${path}`, answer());
  } finally {
    agent.destroy();
  }
}

/**
 * Sends bytes over a new connection and reads until `enough` is true of what has come back, as latin1.
 *
 * @param {number} port
 * @param {string} bytes
 * @param {(received: string) => boolean} enough
 * @returns {Promise<{ socket: import('node:net').Socket, received: string }>} the connection still open
 */
export async function exchange(port, bytes, enough) {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  socket.setEncoding('latin1');
  let received = '';
  const complete = new Promise((resolve, reject) => {
    socket.on('data', text => {
      received += text;
      if (enough(received)) resolve(undefined);
    });
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('the server closed the connection too early')));
  });
  try {
    socket.write(bytes);
    await within(15, 'an answer', complete);
    return { socket, received };
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/** The smallest request that HTTP/1.1 allows. */
export const bareGet = path => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
