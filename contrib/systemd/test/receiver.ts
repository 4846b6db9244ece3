// What systemd is to a service: a datagram socket that takes messages. Node has no such sockets, so perl listens.

import { join } from 'node:path';
import { folder, Running } from './running.ts';

const listen = `use Socket;
  socket(my $socket, AF_UNIX, SOCK_DGRAM, 0) or die $!;
  bind($socket, sockaddr_un($ARGV[0])) or die $!;
  $| = 1; print "bound\\n";
  while (defined recv($socket, my $message, 65536, 0)) { $message =~ s/\\n/ | /g; print "$message\\n" }`;

export class Receiver extends Running {
  /** What NOTIFY_SOCKET has to say. */
  readonly path: string;

  private constructor(path: string) {
    super(['perl', '-e', listen, path]);
    this.path = path;
  }

  static async listen(): Promise<Receiver> {
    const receiver = new Receiver(join(folder(), 'notify'));
    await receiver.untilLine('bound');
    return receiver;
  }

  /** What came, without the barriers by which systemd-notify waits for its message to be taken. */
  get messages(): string[] {
    return this.texts.filter(text => text !== 'bound' && text !== 'BARRIER=1');
  }

  /** Until a message that begins so has come, this many times. */
  untilMessage(beginning: string, times: number = 1): Promise<void> {
    return this.until(
      `the message ${beginning}, ${times} times`,
      () => this.messages.filter(text => text.startsWith(beginning)).length >= times,
    );
  }
}
