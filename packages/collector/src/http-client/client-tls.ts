/** Prometheus' tls_config as TLS options, with files that are read again when they change. */
import type { SecureVersion } from 'node:tls';
import type { Clock } from '@vigie/core/clock';
import type { TlsConfig } from '@vigie/core/config/http-client-config';
import type { ReloadedFiles } from '@vigie/core/reloaded-files';
import { type ClientTlsOptions, clientTls } from '@vigie/core/tls';

const VERSIONS: Readonly<Record<string, SecureVersion>> = {
  TLS10: 'TLSv1',
  TLS11: 'TLSv1.1',
  TLS12: 'TLSv1.2',
  TLS13: 'TLSv1.3',
};

/** @returns see clientTls of core */
export function scrapeTls(config: TlsConfig, clock: Clock): ReloadedFiles<ClientTlsOptions> {
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
