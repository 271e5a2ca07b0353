/** The examples for alerting of the page on objects of the operator are read. */
import { readFileSync } from 'node:fs';
import { AS_WRITTEN } from '@vigie/core/config/environment';
import { section as keys } from '@vigie/core/config/fields';
import { parseConfig } from '@vigie/core/config/load';
import { AssetLookup } from '@vigie/kube/custom-objects/assets';
import { customObjectForm } from '@vigie/kube/custom-objects/custom-object';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { operatorSection, readOperatorObjects } from '../../src/config/operator-section.ts';
import { toldNobody } from '../../src/config/told-nobody.ts';
import { ALERTING_KINDS } from '../../src/operator/object-kinds.ts';
import { wishesOf } from '../../src/operator/object-wishes.ts';

const WHOLE = readFileSync(new URL('../../../../docs/reference/operator-objects.md', import.meta.url), 'utf8');
const PAGE = WHOLE.slice(WHOLE.indexOf('## Alerting'), WHOLE.indexOf('<!-- generated:alerting-operator-metrics'));
const [object = '', section = ''] = Array.from(PAGE.matchAll(/```yaml\n([\s\S]*?)```/g), ([, text = '']) => text);

it('an object', () => {
  const store = { get: () => ({ status: 'read' as const, values: { url: 'https://hooks.slack.com/services/x' } }) };
  const outcome = wishesOf(
    customObjectForm('AlertmanagerConfig').decode(parse(object)),
    new AssetLookup('shop', store),
    {
      alertmanager: toldNobody(),
      hasMetrics: true,
      recordingRules: false,
      fileAccess: false,
      matcherStrategy: 'namespace',
    },
  );
  expect(outcome).toMatchObject({
    status: 'accepted',
    warnings: [],
    asked: { fragments: [{ receivers: [{ name: 'shop/web/team' }] }] },
  });
  for (const { kind, version } of ALERTING_KINDS) for (const word of [kind, version]) expect(WHOLE).toContain(word);
});

it('a section, and every key of it', () => {
  const file = keys({ operator_objects: operatorSection });
  const { value } = parseConfig(section, 'alerting.yaml', file, AS_WRITTEN);
  const config = readOperatorObjects(value.operator_objects, {});
  expect(config).toMatchObject({ selector: 'release=prometheus', namespaces: ['shop', 'payment'], isAskedFor: true });
  const told = Array.from(PAGE.matchAll(/^\| `([a-z_]+)`(?:, `([a-z_]+)`)? \|/gm), ([, key, other]) => [
    key,
    other ?? [],
  ]);
  expect(told.flat(2)).toEqual(Object.keys(operatorSection.entries));
});

it('is on in a cluster, and off where nobody asks for it elsewhere', () => {
  expect(readOperatorObjects(undefined, { KUBERNETES_SERVICE_HOST: '10.96.0.1' })).toMatchObject({ isAskedFor: false });
  expect(readOperatorObjects(undefined, {})).toBeUndefined();
});
