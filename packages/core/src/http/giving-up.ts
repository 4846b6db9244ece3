// What comes of a request that takes too long, whose client leaves, or whose content can't be read: who is told, whether it is
// still answered, and how its connection ends.

import type { Connection } from './connection.ts';
import type { Awaited } from './deadlines.ts';
import { RequestError, type RequestErrorCode } from './errors.ts';
import { tellAborted, tellTimeout } from './events.ts';
import type { Exchange } from './exchange.ts';
import { Refusal } from './refusal.ts';
import * as states from './states.ts';

/** The client leaves, or says that it sends no more. @returns whether there is a request whose answer it does not get */
export function clientLeaves(connection: Connection): boolean {
  const { exchange, reader, state } = connection;
  if (exchange === null) {
    if (state === states.Head && !reader.isSilent) tellAborted(connection, false);
    return false;
  }
  if (exchange.gone || exchange.complete) return false;
  tellAborted(connection, exchange.started);
  return true;
}

/** A deadline has passed. */
export function endLate(connection: Connection, awaited: Awaited): void {
  switch (awaited) {
    case 'head':
      endHead(connection);
      break;
    case 'content':
      endContent(connection);
      break;
    case 'handler':
      endHandler(connection);
      break;
    case 'request':
      endRequest(connection);
      break;
    case 'write':
      endWrite(connection);
      break;
    default:
      connection.closeNow();
  }
}

/** The client took too long to take anything. */
function endWrite(connection: Connection): void {
  tellTimeout(connection, 'write');
  connection.exchange?.cutOff(
    new RequestError(
      'FAPWS_WRITE_TIMEOUT',
      Refusal.timeout.status,
      `The client took nothing of its answer for ${connection.protocol.timeouts.write} seconds.`,
    ),
  );
  connection.cut(true);
}

/** The head took too long. */
function endHead(connection: Connection): void {
  if (connection.reader.isSilent) {
    connection.closeNow();
    return;
  }
  tellTimeout(connection, 'head');
  connection.refuse(Refusal.timeout);
}

/** The content took too long. */
function endContent(connection: Connection): void {
  if (connection.state === states.Discarding) {
    connection.closeNow();
    return;
  }
  const { timeouts, limits } = connection.protocol;
  tellTimeout(connection, 'content');
  failContent(
    connection,
    'FAPWS_CONTENT_TIMEOUT',
    Refusal.timeout,
    `No content arrived for ${timeouts.content} seconds, or less than ${limits.contentRate} octets per second.`,
  );
}

/** The application took too long. */
function endHandler(connection: Connection): void {
  tellTimeout(connection, 'handler');
  const seconds = connection.exchange?.handlerTimeout;
  connection.refuse(
    Refusal.handlerTimeout,
    new RequestError(
      'FAPWS_HANDLER_TIMEOUT',
      Refusal.handlerTimeout.status,
      `No answer was begun within ${seconds} seconds.`,
    ),
  );
}

/** The whole request took too long. */
function endRequest(connection: Connection): void {
  const { exchange, state } = connection;
  if (state === states.Head && connection.reader.isSilent) {
    connection.closeNow();
    return;
  }
  tellTimeout(connection, 'request');
  const refusal = exchange === null || exchange.receiving ? Refusal.timeout : Refusal.handlerTimeout;
  const error = new RequestError(
    'FAPWS_REQUEST_TIMEOUT',
    refusal.status,
    `The request was not over after ${connection.protocol.timeouts.request} seconds.`,
  );
  if (state === states.Discarding) connection.finishWriting();
  else if (exchange?.started === true) breakOff(connection, exchange, error);
  else connection.refuse(refusal, error);
}

/** The content can't be read to its end. Tells the application, and the client if that has no answer yet. */
export function failContent(
  connection: Connection,
  code: RequestErrorCode,
  refusal: Refusal,
  message: string,
): void {
  const { exchange } = connection;
  const error = new RequestError(code, refusal.status, message);
  exchange?.failContent(error);
  if (connection.isOver) return;
  // The answer is out; nothing behind broken framing can be trusted.
  if (exchange === null || exchange.complete) connection.finishWriting();
  else if (exchange.started) breakOff(connection, exchange, error);
  else connection.refuse(refusal, error);
}

/** An answer that has begun can't be completed. */
function breakOff(connection: Connection, exchange: Exchange, reason: RequestError): void {
  exchange.cutOff(reason);
  connection.cut(true);
}
