// The numbers that llhttp and the collector speak in. The collector's own stand in collector.wat too.

/** Kinds of record in the collector's table. */
export const Target = 1;
export const FieldName = 2;
export const FieldValue = 3;
/** The head is complete; in place of a span: whether another protocol is asked for, whether the connection may persist. */
export const HeadEnd = 4;
export const Content = 5;
export const MessageEnd = 6;

/** What `Parser.execute` answers; the numbers are llhttp's `HPE_…`. */
export const Ok = 0;
export const InvalidMethod = 6;
export const InvalidConstant = 8;
export const InvalidVersion = 9;
export const InvalidContentLength = 11;
export const Paused = 21;
/** The client speaks HTTP/2 with prior knowledge. */
export const PausedForHttp2 = 23;

/** Method names by llhttp's numbers: those that it accepts in HTTP/1. */
export const methodNames: readonly string[] = [
  'DELETE',
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'CONNECT',
  'OPTIONS',
  'TRACE',
  'COPY',
  'LOCK',
  'MKCOL',
  'MOVE',
  'PROPFIND',
  'PROPPATCH',
  'SEARCH',
  'UNLOCK',
  'BIND',
  'REBIND',
  'UNBIND',
  'ACL',
  'REPORT',
  'MKACTIVITY',
  'CHECKOUT',
  'MERGE',
  'M-SEARCH',
  'NOTIFY',
  'SUBSCRIBE',
  'UNSUBSCRIBE',
  'PATCH',
  'PURGE',
  'MKCALENDAR',
  'LINK',
  'UNLINK',
  'SOURCE',
  'PRI',
  'DESCRIBE',
  'ANNOUNCE',
  'SETUP',
  'PLAY',
  'PAUSE',
  'TEARDOWN',
  'GET_PARAMETER',
  'SET_PARAMETER',
  'REDIRECT',
  'RECORD',
  'FLUSH',
  'QUERY',
];
