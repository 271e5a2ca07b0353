/** Certificates that end soon, and objects by which a collector of a cluster watches them: a probe of two servers, and the API server's
 *  own metrics, which tell of its clients. */
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:tls';
import { OPERATOR_GROUP, OPERATOR_KINDS } from '@vigie/collector/operator/object-kinds';
import { temporaryFolder } from './leash.ts';
import { customResources } from './operator-kinds.ts';
import { createAuthority } from './parts/certificates.ts';
import type { ClusterNetwork } from './parts/kubernetes-node.ts';

/** Of the probes, as their series have it. */
export const CERTIFICATES_JOB = 'certificates';
export const API_SERVER_JOB = 'apiserver';
const MODULE = 'certificate';

/** For a collector.yaml: the servers have a CA that nobody else knows. */
export const PROBES = `probes: { modules: { ${MODULE}: { prober: tcp, tcp: { tls: true, tls_config: { insecure_skip_verify: true } } } } }\n`;

export interface TlsServer {
  readonly port: number;
  close(): void;
}

/** A server on loopback whose certificate ends in so many days, and that has nothing to say. */
export function startTlsServer(days: number): Promise<TlsServer> {
  const { cert, key } = createAuthority(temporaryFolder('authority'), days).issue('shop');
  // A client that hangs up is no error here.
  const server = createServer({ cert, key }, (socket) => socket.on('error', () => socket.destroy()).end());
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      resolve({ port, close: () => void server.close() });
    });
  });
}

/** The kinds of the objects below: a cluster has to have them first. */
export function certificateKinds(): readonly object[] {
  return customResources(OPERATOR_KINDS.filter(({ kind }) => kind === 'Probe' || kind === 'ScrapeConfig'));
}

/** @param port of the server of a test */
export function watchedCertificates({ host, apiServer }: ClusterNetwork, port: number): readonly object[] {
  const targets = { staticConfig: { static: [`${host}:${port}`, `${apiServer}:443`] } };
  return [
    {
      apiVersion: `${OPERATOR_GROUP}/v1`,
      kind: 'Probe',
      metadata: { name: 'certificates' },
      // The collector's own address: it does the probe itself.
      spec: { jobName: CERTIFICATES_JOB, prober: { url: '127.0.0.1:9090' }, module: MODULE, targets },
    },
    {
      apiVersion: `${OPERATOR_GROUP}/v1alpha1`,
      kind: 'ScrapeConfig',
      metadata: { name: 'apiserver' },
      spec: {
        jobName: API_SERVER_JOB,
        scheme: 'HTTPS',
        tlsConfig: { insecureSkipVerify: true },
        staticConfigs: [{ targets: [`${apiServer}:443`] }],
        // Of tens of thousands of series those that rules ask for. A page has megabytes.
        scrapeInterval: '10s',
        metricRelabelings: [{ sourceLabels: ['__name__'], regex: 'apiserver_client_certificate_.+', action: 'keep' }],
      },
    },
  ];
}
