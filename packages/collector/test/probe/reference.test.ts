import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { loadCollectorConfig } from '../../src/config/load-config.ts';
import { probePage } from '../../src/probe/probe-route.ts';
import { targetLabels } from '../../src/scrape/target-labels.ts';
import { targetUrl } from '../../src/scrape/target-url.ts';
import { tempFolder } from '../temp-folder.ts';

const REFERENCE = readFileSync(new URL('../../../../docs/reference/probes.md', import.meta.url), 'utf8');
const examples = [...REFERENCE.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text = '']) => text);

it.each(examples)('loads the example of its reference, whose jobs are probed within the process: %s', async (text) => {
  const file = join(await tempFolder(), 'collector.yaml');
  await writeFile(file, text);
  const { config, warnings } = await loadCollectorConfig(file, {});
  expect(warnings).toEqual([]);
  const [job] = config.scrapes;
  const [discovery] = job?.discovery ?? [];
  const targets = discovery?.kind === 'static' ? discovery.groups.flatMap((group) => group.targets) : [];
  expect(targets.length).toBeGreaterThan(0);
  for (const target of targets) {
    if (job === undefined) throw new Error('no job');
    const made = targetLabels(job, { __address__: target }, {});
    if (made.kind !== 'active') throw new Error(`${target} is ${made.kind}`);
    const url = targetUrl(made.labels, job.params);
    const asked: unknown[] = [];
    const probe = (request: unknown) => {
      asked.push(request);
      return Promise.reject(new Error('asked'));
    };
    const page = probePage({ probe }, url, () => ({ host: '127.0.0.1', port: 9090 }));
    await expect(page?.({ timeoutMs: 10_000, signal: new AbortController().signal })).rejects.toThrow('asked');
    expect(asked).toEqual([{ target, module: 'http_2xx', hostname: '', scrapeTimeoutMs: 10_000 }]);
    expect(made.labels.get('instance')).toBe(target);
  }
});
