// Nothing that Fapws gives to a loop throws. Should it do so all the same, that is an uncaught exception of the process, and
// whoever catches that one must find a loop that works.

import { expect, test } from 'vitest';
import type { MakeLoop } from '../loop.suite.ts';
import { Peer } from './peer.ts';
import { listening, type Reactions, type Recorder } from './recorder.ts';
import { Uncaught } from './uncaught.ts';

class Planned extends Error {}

export function failingReceivers(make: MakeLoop): void {
  const echo: Reactions = { data: ({ transport }, octets) => transport.write(octets.toString('latin1')) };

  test('data that throws: what it wrote before is sent, and all connections go on', async () => {
    const uncaught = new Uncaught();
    const input = Buffer.alloc(65_536);
    let fails = true;
    const arrivals = await listening(make(input), input, {
      data({ transport }, octets) {
        transport.write(octets.toString('latin1'));
        if (fails) throw new Planned('data');
      },
    });
    const peers = [await Peer.connect(arrivals.address), await Peer.connect(arrivals.address)] as const;
    peers[0].send('one');
    await peers[0].untilText('one');
    await uncaught.until('the error is uncaught', () => uncaught.errors.length > 0);
    expect(uncaught.errors).toEqual([new Planned('data')]);
    fails = false;
    for (const peer of peers) {
      peer.send('two');
      await peer.untilText('two');
    }
  });

  test.each(['end', 'drain', 'close'] as const)('%s that throws: others go on', async event => {
    const uncaught = new Uncaught();
    const input = Buffer.alloc(65_536);
    const arrivals = await listening(make(input), input, {
      ...echo,
      [event]: (connection: Recorder) => {
        if (connection === arrivals.connections[0]) throw new Planned(event);
      },
    });
    const [peer, other] = [await Peer.connect(arrivals.address), await Peer.connect(arrivals.address)];
    const connection = await arrivals.connection();
    if (event === 'end') peer.end();
    if (event === 'close') peer.reset();
    if (event === 'drain') {
      peer.socket.pause();
      connection.transport.write(Buffer.alloc(20_000_000));
      peer.socket.resume();
    }
    await uncaught.until('the error is uncaught', () => uncaught.errors.length > 0);
    expect(uncaught.errors).toEqual([new Planned(event)]);
    other.send('still here');
    await other.untilText('still here');
    const third = await Peer.connect(arrivals.address);
    third.send('me too');
    await third.untilText('me too');
    connection.transport.destroy();
    await connection.untilEvent('close');
  });

  test('a task of afterTurn that throws: the others run, and what was written leaves', async () => {
    const uncaught = new Uncaught();
    const input = Buffer.alloc(65_536);
    const loop = make(input);
    const arrivals = await listening(loop, input, {
      data({ transport }) {
        loop.afterTurn(() => transport.write('a'));
        loop.afterTurn(() => {
          throw new Planned('first');
        });
        loop.afterTurn(() => transport.write('b'));
        loop.afterTurn(() => {
          throw new Planned('second');
        });
        loop.afterTurn(() => transport.write('c'));
      },
    });
    const peer = await Peer.connect(arrivals.address);
    peer.send('x');
    await peer.untilText('abc');
    await uncaught.until('both errors are uncaught', () => uncaught.errors.length === 2);
    expect(uncaught.errors).toEqual([new Planned('first'), new Planned('second')]);
  });

  test('a deferred task or a timer that throws: the others run', async () => {
    const uncaught = new Uncaught();
    const input = Buffer.alloc(65_536);
    const loop = make(input);
    const arrivals = await listening(loop, input);
    const peer = await Peer.connect(arrivals.address);
    const { transport } = await arrivals.connection();
    loop.defer(() => {
      throw new Planned('deferred');
    });
    loop.defer(() => transport.write('deferred '));
    let calls = 0;
    const timer = loop.addTimer(
      10,
      () => {
        calls += 1;
        if (calls === 1) throw new Planned('timer');
        timer.stop();
        transport.write('timer');
      },
      false,
    );
    await peer.untilText('timer');
    expect(peer.text).toBe('deferred timer');
    expect(uncaught.errors).toEqual([new Planned('deferred'), new Planned('timer')]);
  });

  test('open that throws: that connection is closed, the next one is served', async () => {
    const uncaught = new Uncaught();
    const input = Buffer.alloc(65_536);
    let fails = true;
    const arrivals = await listening(make(input), input, {
      ...echo,
      open() {
        if (fails) throw new Planned('open');
      },
    });
    const refused = await Peer.connect(arrivals.address);
    refused.send('anybody there?');
    await refused.untilEnded();
    await uncaught.until('the error is uncaught', () => uncaught.errors.length > 0);
    expect(uncaught.errors).toEqual([new Planned('open')]);
    fails = false;
    const peer = await Peer.connect(arrivals.address);
    peer.send('hello');
    await peer.untilText('hello');
  });
}
