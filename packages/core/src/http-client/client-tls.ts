/** Prometheus' tls_config as TLS options, with files that are read again when they change. */
import type { SecureVersion } from 'node:tls';
import type { Clock } from '../clock.ts';
import type { TlsConfig } from '../config/http-client-config.ts';
import type { ReloadedFiles } from '../reloaded-files.ts';
import { type ClientTlsOptions, clientTls } from '../tls.ts';

const VERSIONS: Readonly<Record<string, SecureVersion>> = {
  TLS10: 'TLSv1',
  TLS11: 'TLSv1.1',
  TLS12: 'TLSv1.2',
  TLS13: 'TLSv1.3',
};

/** @returns see clientTls */
export function configuredTls(config: TlsConfig, clock: Clock): ReloadedFiles<ClientTlsOptions> {
  const { key, minVersion = '', maxVersion = '' } = config;
  return clientTls(
    {
      caFile: config.caFile,
      certFile: config.certFile,
      keyFile: config.keyFile ?? (key !== undefined && 'file' in key ? key.file : undefined),
      ca: config.ca,
      cert: config.cert,
      key: key !== undefined && 'value' in key ? key.value : undefined,
      serverName: config.serverName,
      insecureSkipVerify: config.insecureSkipVerify,
      minVersion: VERSIONS[minVersion],
      maxVersion: VERSIONS[maxVersion],
    },
    clock,
  );
}
