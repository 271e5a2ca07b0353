/** Alertmanager's server, built of its Go module by the versions that test/real has amtool of. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { builtOnce } from '../../test/real/parts/cache.ts';
import { buildGoModule } from '../../test/real/parts/go.ts';
import { asFields, parseFields } from '../harness/fields.ts';

export const ALERTMANAGER_VERSION = '0.34.2';
const MODULE = `github.com/prometheus/alertmanager@v${ALERTMANAGER_VERSION}`;

/** @param rootDir of the repository
 *  @returns the path of the server; a minute and a half where it is not built yet */
export function installAlertmanager(rootDir: string): string {
  const amtool = join(rootDir, 'test/real/parts/amtool');
  const definedBy = ['go.mod', 'go.sum'].map((file) => join(amtool, file));
  const folder = builtOnce(
    'alertmanager-server',
    [...definedBy, join(rootDir, 'bench/alerting/alertmanager-binary.ts')],
    (unfinished) => {
      const source = join(unfinished, 'source');
      cpSync(moduleFolder(amtool), source, { recursive: true });
      // Modules are read-only in Go's cache, and so is a copy.
      spawnSync('chmod', ['-R', 'u+w', source]);
      addWebPage(join(source, 'ui/app/dist'));
      const output = join(unfinished, 'bin', 'alertmanager');
      mkdirSync(join(unfinished, 'bin'));
      buildGoModule(
        join(source, 'go.mod'),
        output,
        'Alertmanager is built from its Go module',
        { 'github.com/prometheus/common/version.Version': ALERTMANAGER_VERSION },
        { mainPackage: './cmd/alertmanager', optimized: true },
      );
      rmSync(source, { recursive: true });
    },
  );
  return join(folder, 'bin', 'alertmanager');
}

/** The sums beside amtool's go.mod say that it is the right one. */
function moduleFolder(amtool: string): string {
  const { status, stdout, stderr } = spawnSync('go', ['mod', 'download', '-json', MODULE], {
    cwd: amtool,
    encoding: 'utf8',
  });
  const { Dir } = status === 0 ? asFields(parseFields(stdout), stdout) : {};
  if (typeof Dir !== 'string') throw new Error(`Go cannot fetch ${MODULE}: ${stderr || stdout}`);
  return Dir;
}

/** The module lacks the page that the server embeds, and no request of the benchmark is for it. */
function addWebPage(folder: string): void {
  mkdirSync(folder, { recursive: true });
  const page = Buffer.from('<!doctype html>\n');
  writeFileSync(join(folder, 'index.html'), page);
  writeFileSync(join(folder, 'index.html.gz'), gzipSync(page));
}
