// The reference reader's rules for request targets and hosts (RFC 9112 3.2, RFC 9110 4.2 and 7.2, RFC 3986), written from
// the RFCs and from what docs/contract.md promises, without a look at how src/ does it.

import { isIPv6 } from 'node:net';

/** What is wrong with something: statuses of which one must be the answer, and those that may be, where the rules leave it open. */
export interface Verdict {
  readonly faults: number[];
  readonly doubts: number[];
}

const fine: Verdict = { faults: [], doubts: [] };
const fault = (...faults: number[]): Verdict => ({ faults, doubts: [] });
const doubt = (...doubts: number[]): Verdict => ({ faults: [], doubts });

/** Host and optional port, of a Host field or an absolute target. */
export function judgeAuthority(text: string): Verdict {
  const match = /^(\[[^\]]*\]|[^:[\]]*)(?::([0-9]*))?$/.exec(text);
  if (match === null) return fault(400);
  const [, host = '', port = ''] = match;
  if (host === '') return fault(400);
  if (Number(port) > 65_535) return fault(400);
  if (host.startsWith('[')) {
    const literal = host.slice(1, -1);
    if (/^v[0-9a-f]+\.[\w\-.~!$&'()*+,;=:]+$/i.test(literal)) return doubt(400);
    if (literal.includes('%') || !isIPv6(literal)) return fault(400);
  } else {
    // A comma is a name's by RFC 3986, and the sign of two joined Host lines.
    if (!/^(?:[\w\-.~!$&'()*+;=]|%[0-9a-fA-F]{2})+$/.test(host)) return fault(400);
    if (/%[01]|%7f/i.test(host)) return doubt(400);
  }
  return port.length > 5 ? doubt(400) : fine;
}

/**
 * The target's authority counts (RFC 9112 3.2.2), and a client sends the same one as Host. Whoever sends another one may
 * have been routed by it, to somewhere else than here: that is refused.
 */
export function judgeHosts(target: string, host: string): Verdict {
  const authority = /^[a-z][a-z0-9+\-.]*:\/\/([^/?]*)/i.exec(target)?.[1];
  if (authority === undefined || sameHost(authority) === sameHost(host)) return fine;
  return fault(400, 421);
}

const sameHost = (authority: string): string => authority.toLowerCase().replace(/:(?:0*80)?$/, '');

/** A target with the method that it comes with. @param isServed whether an application would be called */
export function judgeTarget(method: string, target: string, isServed: boolean): Verdict {
  if (method === 'CONNECT') {
    return /:[0-9]+$/.test(target) ? judgeAuthority(target) : fault(400);
  }
  if (target === '*') return method === 'OPTIONS' ? fine : fault(400);
  if (target.startsWith('/')) return judgePathAndQuery(target, isServed);
  const absolute = /^([a-z][a-z0-9+\-.]*):\/\/([^/?]*)(.*)$/is.exec(target);
  if (absolute === null) return fault(400);
  const [, scheme = '', authority = '', rest = ''] = absolute;
  const parts = [
    judgeAuthority(authority),
    judgePathAndQuery(rest.startsWith('/') ? rest : `/${rest}`, isServed),
  ];
  if (scheme.toLowerCase() === 'https') parts.push(fault(421));
  else if (scheme.toLowerCase() !== 'http') parts.push(fault(400));
  return { faults: parts.flatMap(part => part.faults), doubts: parts.flatMap(part => part.doubts) };
}

function judgePathAndQuery(text: string, isServed: boolean): Verdict {
  // Browsers send some octets unencoded that RFC 3986 does not allow; whoever takes them does no harm.
  if (!/^[\w\-.~!$&'()*+,;=:@/?%[\]{}|^`]*$/.test(text)) return fault(400);
  const doubts = /[[\]{}|^`]/.test(text) ? [400] : [];
  const [path = '', ...query] = text.split('?');
  if (/%(?![0-9a-fA-F]{2})/.test(query.join('?'))) doubts.push(400);
  // What a path is decoded to ends up in file names and log lines; without an application nobody decodes it.
  if (/%(?![0-9a-fA-F]{2})|%[01]|%7f/i.test(path) || !isDecodable(path)) {
    if (isServed) return fault(400);
    doubts.push(400);
  }
  // Dot segments may climb too high or hide behind encoded separators: the router's own tests are for that.
  if (/(?:\/|%2f|%5c)(?:\.|%2e)/i.test(path)) doubts.push(400);
  return { faults: [], doubts };
}

function isDecodable(path: string): boolean {
  try {
    decodeURIComponent(path);
    return true;
  } catch {
    return false;
  }
}
