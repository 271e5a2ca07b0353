/** An admission webhook of a test's own, over HTTPS on loopback: it remembers what the API server asked, and answers as told. */
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Authority } from './parts/certificates.ts';
import { stringAt } from './rest.ts';

export interface AdmissionServer {
  /** For `clientConfig` of a webhook. */
  readonly clientConfig: { readonly url: string; readonly caBundle: string };
  /** AdmissionReviews in the order in which they came. */
  readonly reviews: readonly unknown[];
  close(): Promise<void>;
}

/** @param authority signs its certificate
 *  @param patchOf the JSON Patch of a review's object; empty: it stays as it is */
export function startAdmissionServer(
  authority: Authority,
  patchOf: (review: unknown) => readonly object[],
): Promise<AdmissionServer> {
  const { cert, key } = authority.issue('admission-server', 'IP:127.0.0.1');
  const reviews: unknown[] = [];
  const server = createServer({ cert, key }, (incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const review: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'));
      reviews.push(review);
      const patch = patchOf(review);
      const changes =
        patch.length === 0
          ? {}
          : { patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(patch)).toString('base64') };
      response.setHeader('content-type', 'application/json');
      response.end(
        JSON.stringify({
          apiVersion: 'admission.k8s.io/v1',
          kind: 'AdmissionReview',
          response: { uid: stringAt(review, 'request', 'uid'), allowed: true, ...changes },
        }),
      );
    });
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      resolve({
        clientConfig: {
          url: `https://127.0.0.1:${port}/`,
          caBundle: Buffer.from(authority.ca).toString('base64'),
        },
        reviews,
        close: () =>
          new Promise((closed) => {
            server.close(() => closed());
            server.closeAllConnections();
          }),
      });
    });
  });
}
