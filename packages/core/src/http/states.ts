// The states of a connection, as data.
//
// One request is in hand at a time: the next one is not looked at before the answer to this one is complete, so answers
// cannot change places. A connection is therefore always in exactly one of these states:
//
//   Preface     nothing of a request has arrived: the peer says first whom it speaks for (where that is expected of it)
//   Idle        between requests; nothing of a request has arrived
//   Head        some octets of a request have arrived, its field section is not complete
//   Content     the application was called; content of the request is still to come (or is just not looked at yet)
//   Answering   the request is complete, the answer is not
//   Discarding  the answer is complete, content that nobody wants is still to come
//   Lingering   the last answer is written and our side is shut; what the peer still sends is thrown away for a bounded
//               time and amount, so that a reset does not destroy the answer on its way (RFC 9112 9.6)
//   Closed      nothing is left to do
//
// The diagram in docs/architecture.md is drawn from this table by scripts/state-diagram.mjs.

export const Idle = 0;
export const Head = 1;
export const Content = 2;
export const Answering = 3;
export const Discarding = 4;
export const Lingering = 5;
export const Closed = 6;
export const Preface = 7;

/** What can happen to a connection. */
export const Octets = 0;
export const HeadComplete = 1;
export const MessageComplete = 2;
/** The answer is complete and the connection may go on. */
export const AnswerComplete = 3;
/** The answer is complete, or a refusal is written, and the connection must not go on. */
export const LastAnswer = 4;
/** The connection is to be closed, or was closed by the peer. */
export const Gone = 5;
/** The connection begins with a preface. */
export const PrefaceExpected = 6;
export const PrefaceComplete = 7;

export const stateNames: readonly string[] = [
  'Idle',
  'Head',
  'Content',
  'Answering',
  'Discarding',
  'Lingering',
  'Closed',
  'Preface',
];
export const eventNames: readonly string[] = [
  'Octets',
  'HeadComplete',
  'MessageComplete',
  'AnswerComplete',
  'LastAnswer',
  'Gone',
  'PrefaceExpected',
  'PrefaceComplete',
];

/** [state, event, next state]. What is not listed cannot happen. */
export const transitions: readonly (readonly [number, number, number])[] = [
  [Idle, PrefaceExpected, Preface],
  [Preface, PrefaceComplete, Idle],
  [Preface, Gone, Closed],
  [Idle, Octets, Head],
  [Idle, LastAnswer, Lingering],
  [Idle, Gone, Closed],
  [Head, Octets, Head],
  [Head, HeadComplete, Content],
  [Head, LastAnswer, Lingering],
  [Head, Gone, Closed],
  [Content, Octets, Content],
  [Content, MessageComplete, Answering],
  [Content, AnswerComplete, Discarding],
  [Content, LastAnswer, Lingering],
  [Content, Gone, Closed],
  [Answering, AnswerComplete, Idle],
  [Answering, LastAnswer, Lingering],
  [Answering, Gone, Closed],
  [Discarding, Octets, Discarding],
  [Discarding, MessageComplete, Idle],
  [Discarding, LastAnswer, Lingering],
  [Discarding, Gone, Closed],
  [Lingering, Gone, Closed],
];

const EVENTS = eventNames.length;
const Impossible = 255;
const next = new Uint8Array(stateNames.length * EVENTS).fill(Impossible);
for (const [state, event, to] of transitions) next[state * EVENTS + event] = to;

/** HOT. @throws {Error} for a transition that is not in the table: going on would answer the wrong request */
export function nextState(state: number, event: number): number {
  const to = next[state * EVENTS + event] as number;
  if (to === Impossible) {
    throw new Error(`impossible: ${eventNames[event]} while ${stateNames[state]}`);
  }
  return to;
}
