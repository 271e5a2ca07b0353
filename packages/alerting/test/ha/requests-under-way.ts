/** Requests of this process to servers of this process, whose answers time that stands still waits for. */
import { subscribe } from 'node:diagnostics_channel';
import { ClientRequest } from 'node:http';

const underWay = new Set<ClientRequest>();

subscribe('http.client.request.start', (message) => {
  const request: unknown = Object(message).request;
  if (!(request instanceof ClientRequest)) return;
  underWay.add(request);
  // The answer to a watch begins, and does not end.
  for (const event of ['response', 'close']) request.once(event, () => underWay.delete(request));
});

export function hasRequestsUnderWay(): boolean {
  return underWay.size > 0;
}
