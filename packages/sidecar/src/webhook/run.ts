/** `vigie sidecar webhook` */
import { systemClock } from '@vigie/core/clock';
import { reportBadConfig } from '@vigie/core/config/bad-config';
import { type ExitCode, runComponent } from '@vigie/core/lifecycle';
import { createLog, type Log } from '@vigie/core/log';
import { CertificateFiles, type CertificateSource } from '@vigie/kube/certificates/certificate-source';
import { KubeClient } from '@vigie/kube/client';
import { loadKubeConfig } from '@vigie/kube/config';
import { loadWebhookConfig, type SelfSignedConfig, type WebhookConfig } from './config.ts';
import { WebhookService } from './service.ts';
import { createWebhookTelemetry } from './telemetry.ts';

export interface WebhookOptions {
  readonly configFile: string;
  readonly version: string;
  /** `HOST:PORT`, in place of the configured one. */
  readonly listen?: string | undefined;
}

/** Runs until SIGTERM. */
export async function runWebhook({ configFile, version, listen }: WebhookOptions): Promise<ExitCode> {
  const readConfig = (): Promise<WebhookConfig> => loadWebhookConfig(configFile, process.env, listen);
  let config: WebhookConfig;
  try {
    config = await readConfig();
  } catch (error) {
    return reportBadConfig(error);
  }
  const clock = systemClock;
  const log = createLog(config.log_level);
  const { certificates, close } = await certificatesOf(config, version, log);
  const service = new WebhookService(config, {
    clock,
    log,
    version,
    telemetry: createWebhookTelemetry(),
    certificates,
    readConfig,
    print: (line) => process.stderr.write(`${line}\n`),
  });
  try {
    return await runComponent(service, { graceMs: config.shutdown_grace, log, clock, process });
  } finally {
    close();
  }
}

async function certificatesOf(
  config: WebhookConfig,
  version: string,
  log: Log,
): Promise<{ readonly certificates: CertificateSource; readonly close: () => void }> {
  const { tls, self_signed: selfSigned } = config.admission;
  if (selfSigned !== undefined) return selfMade(config, selfSigned, version, log);
  const files = { certFile: tls?.cert_file ?? '', keyFile: tls?.key_file ?? '', clientCaFile: tls?.client_ca_file };
  return { certificates: new CertificateFiles(files, systemClock), close: () => undefined };
}

/** The code that makes certificates is loaded where it is wanted: 100 ms. */
async function selfMade(config: WebhookConfig, selfSigned: SelfSignedConfig, version: string, log: Log) {
  const [{ SelfMadeCertificates }, { makeCertificates }, { ConfigurationTrust }] = await Promise.all([
    import('@vigie/kube/certificates/self-made'),
    import('@vigie/kube/certificates/make-certificates'),
    import('./configuration-trust.ts'),
  ]);
  const { env } = process;
  const client = new KubeClient(loadKubeConfig({ kubeconfig: config.kubeconfig }, { env }), {
    clock: systemClock,
    env,
    userAgent: `vigie/${version}`,
    reloadFailed: (detail) => log.error('cannot take up changed credentials, the last good ones stay', { detail }),
  });
  const options = {
    namespace: selfSigned.namespace ?? env.POD_NAMESPACE ?? client.namespace,
    secret: selfSigned.secret,
    service: selfSigned.service,
    owner: 'vigie sidecar webhook',
    validityMs: selfSigned.validity,
  };
  const trust = new ConfigurationTrust(selfSigned.webhook_configuration, { client, log });
  const deps = { client, clock: systemClock, random: Math.random, log, make: makeCertificates, trust };
  return { certificates: new SelfMadeCertificates(options, deps), close: () => client.close() };
}
