import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { builtOnce } from './cache.ts';
import { buildGoModule } from './go.ts';

/** Service discovery brings the client libraries of every cloud. A build refuses configurations that name what it lacks. */
const TAGS = ['remove_all_sd', 'enable_kubernetes_sd', 'enable_dns_sd', 'enable_consul_sd'];
/** v0.315.0 of the module, as its release is called. */
const VERSION = '3.15.0';

export interface PrometheusBinaries {
  readonly prometheus: string;
  readonly promtool: string;
}

/** @param parts the folder of this file, for callers that are bundled
 *  @returns the paths of the server and its tool. The server has no web page: its API is whole. */
export function installPrometheus(parts = dirname(fileURLToPath(import.meta.url))): PrometheusBinaries {
  const goMod = join(parts, 'prometheus', 'go.mod');
  const definedBy = [goMod, join(parts, 'prometheus', 'go.sum'), join(parts, 'prometheus-binary.ts')];
  const folder = builtOnce('prometheus', definedBy, (unfinished) => {
    const commands = 'github.com/prometheus/prometheus/cmd';
    const output = join(unfinished, 'bin');
    mkdirSync(output);
    buildGoModule(
      goMod,
      output,
      'Prometheus is built from its Go modules',
      { 'github.com/prometheus/common/version.Version': VERSION },
      { mainPackage: [`${commands}/prometheus`, `${commands}/promtool`], tags: TAGS, optimized: true },
    );
  });
  return { prometheus: join(folder, 'bin', 'prometheus'), promtool: join(folder, 'bin', 'promtool') };
}
