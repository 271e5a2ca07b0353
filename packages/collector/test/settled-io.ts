/** Requests to the system that go their way in other threads, or outside of the process. */
const UNDER_WAY = /^(?:FSReq|GetAddrInfo|TCPConnect)/;

/** Resolves when no file is being read or written and no connection is being opened. A clock that a test moves on is not to overtake them:
 *  on a busy machine they take longer than the turns of the loop in which a timeout of the test's clock passes. */
export async function settledIo(): Promise<void> {
  do await new Promise<void>((resolve) => setImmediate(resolve));
  while (process.getActiveResourcesInfo().some((name) => UNDER_WAY.test(name)));
}
