/** Debian's prometheus-nginx-exporter, unpacked: it makes metrics of nginx's stub status. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { until } from '../deadline.ts';
import { killLeashed, spawnLeashed } from '../leash.ts';
import { builtOnce } from './cache.ts';
import { unpackDebianPackages } from './debian.ts';
import { freePort } from './free-port.ts';

const THIS_FILE = fileURLToPath(import.meta.url);
const PURPOSE = 'it makes metrics of the stub status of nginx';
const START_TIMEOUT_MS = 30_000;

export interface RealNginxExporter {
  /** `127.0.0.1:PORT` */
  readonly address: string;
  stop(): Promise<void>;
}

/** @param statusUrl where nginx has its stub status */
export async function startNginxExporter(statusUrl: string): Promise<RealNginxExporter> {
  const root = builtOnce('nginx-exporter', [THIS_FILE], (folder) => {
    unpackDebianPackages(['prometheus-nginx-exporter'], folder, PURPOSE);
  });
  const address = `127.0.0.1:${await freePort()}`;
  const program = join(root, 'usr/bin/prometheus-nginx-exporter');
  const child = spawnLeashed(program, [`-nginx.scrape-uri=${statusUrl}`, `-web.listen-address=${address}`], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  await until('the exporter of nginx to answer', START_TIMEOUT_MS, async () =>
    (await fetch(`http://${address}/metrics`)).ok ? true : undefined,
  );
  return { address, stop: () => killLeashed(child) };
}
