/** The examples of the page on objects of the operator are read. */
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { customObjectForm } from '@vigie/kube/custom-objects/custom-object';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { loadCollectorConfig } from '../../src/config/load-config.ts';
import { operatorSection } from '../../src/config/operator-section.ts';
import { askedBy } from '../../src/operator/object-jobs.ts';
import { OPERATOR_KINDS } from '../../src/operator/object-kinds.ts';
import { tempFolder } from '../temp-folder.ts';
import { contextOf, GLOBALS } from './world.ts';

const PAGE = readFileSync(new URL('../../../../docs/reference/operator-objects.md', import.meta.url), 'utf8');
const [monitor = '', section = ''] = Array.from(PAGE.matchAll(/```yaml\n([\s\S]*?)```/g), ([, text = '']) => text);

it('an object', () => {
  const object = customObjectForm('ServiceMonitor').decode(parse(monitor));
  const outcome = askedBy(object, contextOf(object), GLOBALS);
  expect(outcome).toMatchObject({ status: 'accepted', warnings: [] });
});

it('a section, and every key of it', async () => {
  const file = join(await tempFolder(), 'collector.yaml');
  await writeFile(file, section);
  const { config, warnings } = await loadCollectorConfig(file, {});
  expect(warnings).toEqual([]);
  expect(config.operatorObjects).toMatchObject({ selector: 'release=prometheus', namespaces: ['shop', 'payment'] });
  const part = PAGE.slice(PAGE.indexOf('## Configuration'), PAGE.indexOf('## What is supported'));
  const keys = Array.from(part.matchAll(/^\| `([a-z_]+)` \|/gm), ([, key]) => key);
  expect(keys).toEqual(Object.keys(operatorSection.entries));
  for (const { kind } of OPERATOR_KINDS) expect(PAGE).toContain(kind);
});
