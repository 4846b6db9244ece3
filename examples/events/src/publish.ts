// What a client has to say goes to all who follow the channel.

import type { Application } from '@fapws/core';
import type { Channel } from './channel.ts';

const LONGEST = 1000;
const plain: [string, string][] = [['Content-Type', 'text/plain; charset=utf-8']];

export function publish(channel: Channel): Application {
  return async (environ, startResponse) => {
    // Browsers say from where a request comes. Without this, any page elsewhere could speak for whoever looks at it.
    const site = environ.HTTP_SEC_FETCH_SITE;
    if (site !== undefined && site !== 'same-origin') {
      startResponse('403 Forbidden', plain);
      return 'Only pages of this server may publish.\n';
    }
    const content = await environ['wsgi.input'].read(LONGEST + 1);
    // Lines of an event end with any of these; inside of text they would be events of the sender's making.
    const text = new TextDecoder().decode(content).replace(/\r\n?/g, '\n').trim();
    if (content.length > LONGEST || text === '') {
      startResponse(text === '' ? '400 Bad Request' : '413 Content Too Large', plain);
      return `A message has 1 to ${LONGEST} octets.\n`;
    }
    const { followers } = channel;
    const { id } = channel.publish(text);
    startResponse('201 Created', plain);
    return `message ${id} to ${followers}\n`;
  };
}
