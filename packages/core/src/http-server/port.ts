/** Opening the port of a server, and what it is then. */
import type { AddressInfo, Server } from 'node:net';
import { VigieError } from '../errors.ts';
import { formatHostPort, type HostPort } from '../host-port.ts';

/** @param address port 0 takes a free one
 *  @throws {VigieError} LISTEN_FAILED */
export function openPort(server: Server, address: HostPort): Promise<void> {
  return new Promise((resolve, reject) => {
    const refused = (cause: Error): void =>
      reject(new VigieError('LISTEN_FAILED', `cannot listen on ${formatHostPort(address)}`, { cause }));
    server.once('error', refused);
    server.listen({ port: address.port, ...(address.host === '' ? {} : { host: address.host }) }, () => {
      server.off('error', refused);
      resolve();
    });
  });
}

/** Where it listens, with the real port.
 *  @param name of the listener
 *  @throws when it does not listen */
export function openAddress(server: Server | undefined, name: string): HostPort {
  const address = server?.address();
  if (!isAddressInfo(address)) throw new VigieError('NOT_LISTENING', `${name} does not listen`);
  return { host: address.address, port: address.port };
}

function isAddressInfo(address: AddressInfo | string | null | undefined): address is AddressInfo {
  return typeof address === 'object' && address !== null;
}
