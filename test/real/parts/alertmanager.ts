/** Debian's Alertmanager, unpacked: the server of an older release, whose API the current one still has. Needs root, for a mount of its own. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { until } from '../deadline.ts';
import { killLeashed, removeFolder, spawnLeashed, temporaryFolder } from '../leash.ts';
import { builtOnce } from './cache.ts';
import { unpackDebianPackages, withOwnLibraries } from './debian.ts';
import { freePort } from './free-port.ts';

const THIS_FILE = fileURLToPath(import.meta.url);
const PURPOSE = "Alertmanager's API is asked beside Vigie's";
const START_TIMEOUT_MS = 30_000;

export interface RealAlertmanager {
  /** Base URL without a slash at its end. */
  readonly url: string;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
}

/** @param config alertmanager.yml */
export async function startAlertmanager(config: string): Promise<RealAlertmanager> {
  const root = builtOnce('alertmanager', [THIS_FILE], (unfinished) =>
    unpackDebianPackages(['prometheus-alertmanager'], unfinished, PURPOSE),
  );
  const program = withOwnLibraries(root, ['usr/bin/prometheus-alertmanager'], PURPOSE);
  const home = temporaryFolder('alertmanager');
  const configFile = join(home, 'alertmanager.yml');
  writeFileSync(configFile, config);
  mkdirSync(join(home, 'data'));
  const port = await freePort();
  // It looks for its templates where Debian installs them: there, for it alone, is what was unpacked.
  const mounted = 'mount --bind "$0" /usr/share && exec "$@"';
  const child = spawnLeashed(
    'unshare',
    [
      ...['--mount', 'sh', '-c', mounted, join(root, 'usr/share'), program],
      `--config.file=${configFile}`,
      `--storage.path=${join(home, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--cluster.listen-address=',
      '--log.level=error',
    ],
    { stdio: ['ignore', 'ignore', 'ignore'], cwd: home },
  );
  const url = `http://127.0.0.1:${port}`;
  await until('alertmanager to be ready', START_TIMEOUT_MS, async () => {
    const { status } = await fetch(`${url}/-/ready`);
    return status === 200 ? true : undefined;
  });
  return {
    url,
    stop: async () => {
      await killLeashed(child);
      removeFolder(home);
    },
  };
}
