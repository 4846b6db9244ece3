// A server that no network reaches: it listens on a unix socket, which proxies and programs on the same machine connect to.

import { type Application, start } from '@fapws/core';

const socket = process.env['SOCKET'] ?? '/tmp/fapws-hello.sock';

// As ss and systemd write them, @name is an abstract name of Linux: without a file, and gone with the server. For the system
// such a name begins with NUL.
const server = start({
  path: socket.replace(/^@/, '\0'),
  // Who may connect: here its owner and the owner's group, such as that of a proxy.
  mode: 0o660,
});

const hello: Application = (_environ, startResponse) => {
  startResponse('200 OK', [['Content-Type', 'text/plain']]);
  return 'Hello World!!\n';
};

/** A unix socket has no addresses: the client's is empty, and the server's is what the client called it. */
const addresses: Application = (environ, startResponse) => {
  startResponse('200 OK', [['Content-Type', 'text/plain']]);
  return `client: "${environ.REMOTE_ADDR}", server: "${environ.SERVER_NAME}"\n`;
};

server.mount('/hello', hello);
server.mount('/addresses', addresses);

await server.run();
