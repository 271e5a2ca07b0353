import { describe, expect, it } from 'vitest';
import { load, problemsOf } from './written-config.ts';

describe('otlp', () => {
  it("is Prometheus' section, with the keys of the receiver", async () => {
    const { config, warnings } = await load(`otlp:
  translation_strategy: NoUTF8EscapingWithSuffixes
  promote_all_resource_attributes: true
  ignore_resource_attributes: [host.id]
  keep_identifying_resource_attributes: true
  convert_histograms_to_nhcb: true
  promote_scope_metadata: true
  label_name_underscore_sanitization: false
  label_name_preserve_multiple_underscores: false
  listen: 127.0.0.1:4318
  max_body: 1MB
  max_pending: 2MB
  delta: { max_streams: 10, max_stale: 1m }
`);
    expect(warnings).toEqual([]);
    expect(config.otlp).toEqual({
      translation: {
        hasSuffixes: true,
        isEscaped: false,
        promoted: { kind: 'all_but', attributes: new Set(['host.id']) },
        keepsIdentifying: true,
        hasScopeLabels: true,
        convertsHistograms: true,
        hasKeyPrefix: false,
        keepsUnderscores: false,
      },
      listen: { address: { host: '127.0.0.1', port: 4318 }, auth: { type: 'none' } },
      maxBodyBytes: 1 << 20,
      maxPendingBytes: 2 << 20,
      maxDeltaStreams: 10,
      maxDeltaStaleMs: 60_000,
    });
  });

  it.each([
    ['otlp: {promote_all_resource_attributes: true, promote_resource_attributes: [a]}', 'not both'],
    ['otlp: {ignore_resource_attributes: [a]}', 'promote_all_resource_attributes: true beside it'],
    ['otlp: {promote_resource_attributes: [a, a]}', 'every attribute once'],
    ['otlp: {promote_resource_attributes: [""]}', 'the name of an attribute'],
    [
      '{otlp: {translation_strategy: NoTranslation}, global: {metric_name_validation_scheme: legacy}}',
      'one that escapes',
    ],
    ['otlp: {translation_strategy: Other}', 'translation_strategy'],
  ])('is refused as Prometheus refuses it: %s', async (yaml, problem) => {
    expect((await problemsOf(yaml)).join()).toContain(problem);
  });
});
