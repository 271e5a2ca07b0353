/** TCP of this process to servers of this process: what one end has written and the other has not read yet, which time that stands still waits for. */
import { subscribe } from 'node:diagnostics_channel';
import { Socket } from 'node:net';

const open = new Set<Socket>();

for (const channel of ['net.client.socket', 'net.server.socket']) {
  subscribe(channel, (message) => {
    const socket: unknown = Object(message).socket;
    if (!(socket instanceof Socket)) return;
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
}

export function hasBytesUnderWay(): boolean {
  const ends = new Map<string, Socket>();
  for (const socket of open) ends.set(`${socket.localPort} ${socket.remotePort}`, socket);
  for (const socket of open) {
    const other = ends.get(`${socket.remotePort} ${socket.localPort}`);
    // Without another end it has not been accepted yet, or hears of its end.
    if (other === undefined || other.bytesRead < socket.bytesWritten) return true;
  }
  return false;
}
