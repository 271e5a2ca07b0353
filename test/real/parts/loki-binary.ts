import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { builtOnce } from './cache.ts';
import { buildGoModule } from './go.ts';

const THIS_FILE = fileURLToPath(import.meta.url);
const [GO_MOD, GO_SUM] = ['go.mod', 'go.sum'].map((name) =>
  fileURLToPath(new URL(`./loki/${name}`, import.meta.url)),
) as [string, string];

/** Prometheus' service discovery brings the client libraries of every cloud; these are enough here. */
const TAGS = ['remove_all_sd', 'enable_kubernetes_sd', 'enable_dns_sd', 'enable_consul_sd'];

/** @returns the path of Loki */
export function installLoki(): string {
  const folder = builtOnce('loki', [GO_MOD, GO_SUM, THIS_FILE], (unfinished) => {
    const mainPackage = 'github.com/grafana/loki/v3/cmd/loki';
    const options = { mainPackage, tags: TAGS, optimized: true };
    buildGoModule(GO_MOD, join(unfinished, 'loki'), 'Loki is built from its Go modules', {}, options);
  });
  return join(folder, 'loki');
}
