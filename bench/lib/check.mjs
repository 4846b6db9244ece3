// Is the answer what was asked for? A contestant that fails here is not measured.
import assert from 'node:assert/strict';
import { ask } from './client.mjs';

/**
 * @typedef {object} Expected
 * @property {string} type media type; a charset parameter may follow
 * @property {string | Buffer} body
 * @property {boolean} [streamed] the length must not be announced, as a server would not know it
 * @property {boolean} [undated] Date, which RFC 9110 wants of every server with a clock, may be missing
 */

/**
 * @param {number} port
 * @param {import('./load.mjs').Load} load
 * @param {Expected} expected
 * @returns {Promise<import('./client.mjs').Answer>} for further checks
 */
export async function checkAnswer(port, load, { type, body, streamed = false, undated = false }) {
  const answer = await ask(port, load);
  const { status, headers } = answer;
  assert.equal(status, 200, `status ${status} instead of 200`);
  assert.equal(headers['content-type']?.split(';')[0], type, `Content-Type is ${headers['content-type']}`);
  assert.ok(undated || headers.date, 'Date is missing');
  if (streamed) {
    assert.equal(headers['transfer-encoding'], 'chunked', 'the stream is not chunked');
  } else {
    const length = String(Buffer.byteLength(body));
    assert.equal(headers['content-length'], length, `Content-Length is ${headers['content-length']}`);
  }
  assert.ok(answer.body.equals(Buffer.from(body)), `the body differs: ${preview(answer.body)}`);
  return answer;
}

const preview = body => JSON.stringify(body.subarray(0, 60).toString('latin1'));
