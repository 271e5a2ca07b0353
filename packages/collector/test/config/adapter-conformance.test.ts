/** The configuration of prometheus-adapter in kube-prometheus. It is read from ../shared/conformance/adapter beside the checkout and not
 *  part of it: without it this test is skipped. */
import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { loadCollectorConfig } from '../../src/config/load-config.ts';
import { tempFolder } from '../temp-folder.ts';

const file = fileURLToPath(
  new URL('../../../../../shared/conformance/adapter/prometheusAdapter-configMap.yaml', import.meta.url),
);
const isThere = existsSync(file);

describe.skipIf(!isThere)('prometheus-adapter in kube-prometheus (skipped without ../shared/conformance)', () => {
  it('is read unchanged', async () => {
    // The file within the ConfigMap.
    const block = /^ {2}config\.yaml: \|-\n((?: {4}.*\n|\n)+)/m.exec(readFileSync(file, 'utf8'))?.[1] ?? '';
    const written = block.replaceAll(/^ {4}/gm, '');
    const folder = await tempFolder();
    await writeFile(join(folder, 'config.yaml'), written);
    await writeFile(join(folder, 'collector.yaml'), 'adapter: {file: config.yaml}');
    const { config } = await loadCollectorConfig(join(folder, 'collector.yaml'), {});
    expect(config.adapter?.resourceRules).toMatchObject({
      windowMs: 300_000,
      cpu: { containerLabel: 'container', resources: { overrides: { pod: { resource: 'pod', group: '' } } } },
      memory: {
        nodeQuery: expect.stringContaining('node_memory_MemTotal_bytes{job="node-exporter",<<.LabelMatchers>>}'),
      },
    });
  });
});
