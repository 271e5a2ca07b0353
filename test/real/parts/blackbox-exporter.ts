/** Debian's prometheus-blackbox-exporter, unpacked. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { until } from '../deadline.ts';
import { killLeashed, spawnLeashed } from '../leash.ts';
import { builtOnce } from './cache.ts';
import { unpackDebianPackages } from './debian.ts';
import { freePort } from './free-port.ts';

const THIS_FILE = fileURLToPath(import.meta.url);
const PURPOSE = "blackbox_exporter's probes are what ours are held against";
const START_TIMEOUT_MS = 30_000;

export interface RealBlackboxExporter {
  readonly url: string;
  stop(): Promise<void>;
}

export async function startBlackboxExporter(configFile: string): Promise<RealBlackboxExporter> {
  const root = builtOnce('blackbox-exporter', [THIS_FILE], (folder) => {
    unpackDebianPackages(['prometheus-blackbox-exporter'], folder, PURPOSE);
  });
  const address = `127.0.0.1:${await freePort()}`;
  const program = join(root, 'usr/bin/prometheus-blackbox-exporter');
  const args = [`--config.file=${configFile}`, `--web.listen-address=${address}`, '--log.level=error'];
  const child = spawnLeashed(program, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  const url = `http://${address}`;
  await until('blackbox_exporter to answer', START_TIMEOUT_MS, async () =>
    (await fetch(`${url}/-/healthy`)).ok ? true : undefined,
  );
  return { url, stop: () => killLeashed(child) };
}
