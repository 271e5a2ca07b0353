/** What the default texts of receivers become where context is asked for. */
import { describe, expect, it } from 'vitest';
import { CONTEXT_TEMPLATES } from '../../src/templates/context-template.ts';
import { notificationData } from '../../src/templates/notification-data.ts';
import { NotificationTemplates } from '../../src/templates/notification-templates.ts';
import { CASES, notificationOf } from './notifications.ts';

const FIRING = notificationOf('firing');
const [{ fingerprint } = { fingerprint: '' }] = FIRING.alerts;
const CONTEXT = {
  annotations: new Map([
    [
      fingerprint,
      new Map([
        ['vigie_log_lines', '10:00:00 <!channel> boom\n10:00:01 ``` & end'],
        ['vigie_chart_url', 'https://a.example/charts/1.png'],
        ['vigie_runbook_url', 'https://wiki.example/?a=1&b=2'],
      ]),
    ],
  ]),
  charts: new Map(),
};

const templates = new NotificationTemplates(() => 0, CONTEXT_TEMPLATES);
const upstream = new NotificationTemplates(() => 0);
const shown = (
  name: string,
  form: 'text' | 'html' = 'text',
  by = templates,
  context: typeof CONTEXT | 'none' = CONTEXT,
) =>
  by
    .render(notificationData({ ...FIRING, context: context === 'none' ? undefined : context }, CASES.externalURL))
    [form](`{{ template "${name}" . }}`);

const TEXTS = [
  'pagerduty.default.instances',
  'opsgenie.default.description',
  'pushover.default.message',
  'telegram.default.message',
  'discord.default.message',
  'msteams.default.text',
  'msteamsv2.default.text',
  'slack.default.text',
];

describe('default texts with context', () => {
  it.each(TEXTS)('%s shows links and log lines once, behind the alert', (name) => {
    // The list of one alert, where a template wants that.
    const text =
      name === 'pagerduty.default.instances'
        ? templates
            .render(notificationData({ ...FIRING, context: CONTEXT }, CASES.externalURL))
            .text(`{{ template "${name}" .Alerts.Firing }}`)
        : shown(name);
    for (const part of ['boom', 'Runbook', 'https://wiki.example/?a=1&b=2', 'Chart', 'https://a.example/charts/1.png'])
      expect(text.split(part), part).toHaveLength(2);
    expect(text).not.toContain('vigie_');
  });

  it('in Slack mention nobody, and do not end the lines early', () => {
    expect(shown('slack.default.text')).toBe(
      '<https://a.example/charts/1.png|Chart> <https://wiki.example/?a=1&b=2|Runbook> \n' +
        "```10:00:00 &lt;!channel&gt; boom\n10:00:01 ''' &amp; end```\n",
    );
  });

  it('in a mail have the chart as a picture, escaped as all else is', () => {
    const html = shown('email.default.html', 'html');
    expect(html).toContain('<img src="https://a.example/charts/1.png" alt="chart"');
    expect(html).toContain('10:00:00 &lt;!channel&gt; boom\n10:00:01 ``` &amp; end</pre>');
    expect(html).toMatch(/<a href="https:\/\/wiki\.example\/\?a=1&amp;b=2"[^>]*>Runbook<\/a>/);
    expect(html).not.toContain('vigie_');
  });

  it('are as Alertmanager has them where an alert has none', () => {
    for (const name of [...TEXTS.slice(1, 5), 'email.default.subject'])
      expect(shown(name, 'text', templates, 'none'), name).toBe(shown(name, 'text', upstream, 'none'));
    expect(shown('slack.default.text', 'text', templates, 'none').trim()).toBe('');
  });

  it('give way to those of the files', () => {
    const own = new NotificationTemplates(() => 0, CONTEXT_TEMPLATES);
    own.addFile(
      '{{ define "slack.default.text" }}{{ range .Alerts }}{{ .Annotations.vigie_log_lines }}{{ end }}{{ end }}',
      'x',
    );
    expect(shown('slack.default.text', 'text', own)).toBe('10:00:00 <!channel> boom\n10:00:01 ``` & end');
  });

  it('have nothing of one alert in what is common to all', () => {
    const { commonAnnotations } = notificationData({ ...FIRING, context: CONTEXT }, CASES.externalURL);
    expect([...commonAnnotations.keys()]).toEqual(['runbook_url', 'summary']);
  });
});
