import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { builtOnce } from './cache.ts';
import { buildGoModule } from './go.ts';

/** @returns the path of Alertmanager's command line, which checks configurations and tests their routes without a server. The server itself does
 *  not build from its module, which lacks the web page that it embeds. */
export function installAmtool(): string {
  const parts = dirname(fileURLToPath(import.meta.url));
  const goMod = join(parts, 'amtool', 'go.mod');
  const definedBy = [goMod, join(parts, 'amtool', 'go.sum'), join(parts, 'amtool-binary.ts')];
  const folder = builtOnce('amtool', definedBy, (unfinished) => {
    const output = join(unfinished, 'bin');
    mkdirSync(output);
    buildGoModule(
      goMod,
      output,
      "amtool is built from Alertmanager's Go modules",
      {},
      { mainPackage: ['github.com/prometheus/alertmanager/cmd/amtool'] },
    );
  });
  return join(folder, 'bin', 'amtool');
}
