/** Debian's prometheus-node-exporter, unpacked. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { until } from '../deadline.ts';
import { killLeashed, spawnLeashed } from '../leash.ts';
import { builtOnce } from './cache.ts';
import { unpackDebianPackages } from './debian.ts';
import { freePort } from './free-port.ts';

const THIS_FILE = fileURLToPath(import.meta.url);
const PURPOSE = "node_exporter's metrics are what ours are held against";
const START_TIMEOUT_MS = 30_000;

export interface RealNodeExporter {
  /** Of its metrics. */
  readonly url: string;
  stop(): Promise<void>;
}

export async function startNodeExporter(): Promise<RealNodeExporter> {
  const root = builtOnce('node-exporter', [THIS_FILE], (folder) => {
    unpackDebianPackages(['prometheus-node-exporter'], folder, PURPOSE);
  });
  const address = `127.0.0.1:${await freePort()}`;
  const program = join(root, 'usr/bin/prometheus-node-exporter');
  const child = spawnLeashed(program, [`--web.listen-address=${address}`, '--log.level=error'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const url = `http://${address}/metrics`;
  await until('node_exporter to answer', START_TIMEOUT_MS, async () => ((await fetch(url)).ok ? true : undefined));
  return { url, stop: () => killLeashed(child) };
}
