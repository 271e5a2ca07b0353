/** The real kube-state-metrics, built from its Go module. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { until } from '../deadline.ts';
import { killLeashed, spawnLeashed } from '../leash.ts';
import { builtOnce } from './cache.ts';
import { freePort } from './free-port.ts';
import { buildGoModule } from './go.ts';

const THIS_FILE = fileURLToPath(import.meta.url);
const [GO_MOD, GO_SUM] = ['go.mod', 'go.sum'].map((name) =>
  fileURLToPath(new URL(`./kube-state-metrics/${name}`, import.meta.url)),
) as [string, string];
const PURPOSE = 'kube-state-metrics is built from its Go module';
const START_TIMEOUT_MS = 60_000;

export interface RealKubeStateMetrics {
  /** Of its metrics. */
  readonly url: string;
  stop(): Promise<void>;
}

/** @param resources those that it is to tell of, `pods`
 *  @param flags more of its flags */
export async function startKubeStateMetrics(
  kubeconfig: string,
  resources: readonly string[],
  flags: readonly string[] = [],
): Promise<RealKubeStateMetrics> {
  const [port, telemetryPort] = [await freePort(), await freePort()];
  const child = spawnLeashed(
    install(),
    [
      `--kubeconfig=${kubeconfig}`,
      '--host=127.0.0.1',
      `--port=${port}`,
      '--telemetry-host=127.0.0.1',
      `--telemetry-port=${telemetryPort}`,
      `--resources=${resources.join(',')}`,
      ...flags,
    ],
    { stdio: 'ignore' },
  );
  const url = `http://127.0.0.1:${port}/metrics`;
  await until('kube-state-metrics to answer', START_TIMEOUT_MS, async () => ((await fetch(url)).ok ? true : undefined));
  return { url, stop: () => killLeashed(child) };
}

function install(): string {
  const folder = builtOnce('kube-state-metrics', [GO_MOD, GO_SUM, THIS_FILE], (unfinished) => {
    buildGoModule(
      GO_MOD,
      join(unfinished, 'kube-state-metrics'),
      PURPOSE,
      {},
      { mainPackage: 'k8s.io/kube-state-metrics/v2' },
    );
  });
  return join(folder, 'kube-state-metrics');
}
