/** A part with a server framework of its own, behind the port and the admission of a listener. */
import type { IncomingMessage, ServerResponse } from 'node:http';

export interface Mount {
  /** Everything from here on is the part's, `/prometheus`. It sees the whole path, and answers what it does not know. */
  readonly prefix: string;
  /** Answers the request, errors too. Callers that a route with `access: caller` would refuse do not get here. */
  readonly serve: (incoming: IncomingMessage, outgoing: ServerResponse) => void;
}

/** @param path without the query */
export function mountOf(mounts: readonly Mount[], path: string): Mount | undefined {
  return mounts.find(({ prefix }) => path === prefix || path.startsWith(`${prefix}/`));
}
