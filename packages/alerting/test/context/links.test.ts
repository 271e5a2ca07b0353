import { LabelSet } from '@vigie/promql/labels/label-set';
import { describe, expect, it } from 'vitest';
import { DEFAULT_LINKS } from '../../src/context/context-options.ts';
import { linkOf, linkTemplate } from '../../src/context/links.ts';
import { alertOf, EXTERNAL_URL } from './contexts.ts';

const linkFor = (text: string, alert = alertOf({ alertname: 'Slow', pod: 'web 1' })) =>
  linkOf(linkTemplate(text), alert, EXTERNAL_URL);

describe('links of an alert', () => {
  it('are made of its labels and annotations', () => {
    expect(linkFor('https://logs.example/?pod={{ .Labels.pod | urlquery }}&f={{ .Fingerprint }}')).toMatch(
      /^https:\/\/logs\.example\/\?pod=web\+1&f=[0-9a-f]{16}$/,
    );
    const annotations = LabelSet.of({ runbook_url: ' https://wiki.example/slow ' });
    expect(linkFor(DEFAULT_LINKS.runbook ?? '', alertOf({}, { annotations }))).toBe('https://wiki.example/slow');
  });

  it('silence it with its labels filled in', () => {
    const link = linkFor(DEFAULT_LINKS.silence ?? '', alertOf({ alertname: 'Slow', pod: 'web "1" a+b' }));
    expect(link?.startsWith(`${EXTERNAL_URL}/#/silences/new?filter=`)).toBe(true);
    expect(decodeURIComponent(link?.split('filter=')[1] ?? '')).toBe('{alertname="Slow",pod="web \\"1\\" a+b"}');
  });

  it.each([
    ['nothing', '{{ .Annotations.runbook_url }}'],
    ['another scheme', 'javascript:alert(1)'],
    ['no host', 'https://'],
    ['what fails', '{{ mustToDate "2006" .Labels.pod }}https://x.example'],
    ['spaces', 'https://x.example/{{ .Labels.pod }}'],
  ])('are left out where the template gives %s', (_what, text) => {
    expect(linkFor(text)).toBeUndefined();
  });
});
