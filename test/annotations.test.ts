/** Parts of Vigie that read the same pods: what one is asked for is no mistake to another. */
import { ANNOTATION_KEYS as LOG_KEYS, readAnnotations } from '@vigie/node-agent/metadata/annotations';
import { ANNOTATION_KEYS as SIDECAR_KEYS } from '@vigie/sidecar/inject/annotations';
import { expect, it } from 'vitest';

it('the node agent takes no notice of what is asked of the sidecar webhook', () => {
  const keys = ['inject', 'injected', ...SIDECAR_KEYS];
  expect(keys.filter((key) => LOG_KEYS.some((other) => other === key))).toEqual([]);
  const annotations = Object.fromEntries(keys.map((key) => [`vigie.io/${key}`, 'x']));
  expect(readAnnotations(annotations, ['app'], new Set(LOG_KEYS)).problems).toEqual([]);
});
