import { LabelSet } from '@vigie/promql/labels/label-set';
import { expect, it } from 'vitest';
import type { CollectorConfig } from '../../src/config/collector-config.ts';
import { restartSections } from '../../src/config/restart-sections.ts';
import { DEFAULT_KUBE_STATE } from '../../src/kube-state/kube-state.ts';
import { unconfiguredCollector } from '../../src/own-metrics.ts';
import { scrapeConfig } from '../scrape/configs.ts';

const STARTED = unconfiguredCollector({ folder: '/data', maxBytes: 1e7 });

it.each<[Partial<CollectorConfig>, readonly string[]]>([
  [{}, []],
  [{ scrapes: [scrapeConfig()], evaluationIntervalMs: 1000, ruleFiles: ['/rules'] }, []],
  [{ adapter: { rules: [], externalRules: [], resourceRules: undefined } }, []],
  [
    { externalLabels: LabelSet.of({ cluster: 'b' }), kubeState: DEFAULT_KUBE_STATE },
    ['global.external_labels', 'kube_state'],
  ],
  [{ storage: { ...STARTED.storage, retentionMs: 1 }, logLevel: 'debug' }, ['storage', 'log_level']],
])('of a reload with %j are %j', (changes, expected) => {
  expect(restartSections(STARTED, { ...STARTED, ...changes })).toEqual(expected);
});
