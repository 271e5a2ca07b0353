/** Servers of a test that speak in lines. */
import { type AddressInfo, createServer, type Socket } from 'node:net';
import * as tls from 'node:tls';
import { onTestFinished } from 'vitest';

/** @returns its port, of 127.0.0.1 */
export async function listen(talk: (socket: Socket) => void): Promise<number> {
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('error', () => undefined);
    talk(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** A mail server: greets, and takes STARTTLS. */
export function mailServer({ cert, key }: { readonly cert: string; readonly key: string }) {
  return (socket: Socket): void => {
    socket.write('220 mail.example ESMTP\r\n');
    socket.once('data', () => {
      socket.write('250-mail.example\r\n250-SIZE 10\r\n250 STARTTLS\r\n');
      socket.once('data', (said) => {
        socket.write(`220 go ahead after ${said}`);
        const secured = new tls.TLSSocket(socket, { isServer: true, cert, key });
        secured.on('error', () => undefined);
        secured.once('data', (said) => secured.write(`250 over TLS ${said}`));
      });
    });
  };
}
