/** The way of one replica to the API server, which a test can cut. */
import { connect, createServer, type Server, type Socket } from 'node:net';

export class CuttableLink {
  /** When bytes last went through any of them, by performance.now(): what a watch tells comes unasked. */
  static activeAtMs = 0;
  readonly #to: URL;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #isCut = false;

  constructor(to: URL) {
    this.#to = to;
    this.#server = createServer((socket) => this.#connect(socket));
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    const address = this.#server.address();
    return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  }

  set isCut(isCut: boolean) {
    this.#isCut = isCut;
    if (isCut) for (const socket of this.#sockets) socket.destroy();
  }

  get isCut(): boolean {
    return this.#isCut;
  }

  close(): void {
    this.isCut = true;
    this.#server.close();
  }

  #connect(socket: Socket): void {
    if (this.#isCut) {
      socket.destroy();
      return;
    }
    const other = connect(Number(this.#to.port), this.#to.hostname);
    for (const [from, to] of [
      [socket, other],
      [other, socket],
    ] as const) {
      this.#sockets.add(from);
      from.on('data', (bytes) => {
        CuttableLink.activeAtMs = performance.now();
        to.write(bytes);
      });
      from.on('error', () => to.destroy());
      from.on('close', () => {
        this.#sockets.delete(from);
        to.destroy();
      });
    }
  }
}
