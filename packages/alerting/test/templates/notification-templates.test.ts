import { errorCode } from '@vigie/core/errors';
import { describe, expect, it } from 'vitest';
import type { Notification } from '../../src/receivers/integration.ts';
import { notificationData } from '../../src/templates/notification-data.ts';
import { NotificationTemplates, type Rendering } from '../../src/templates/notification-templates.ts';
import { notificationOf } from './notifications.ts';

const NOW_MS = Date.parse('2024-05-01T11:00:00.123Z');

function rendering(change: Partial<Notification> = {}, templates = new NotificationTemplates(() => NOW_MS)): Rendering {
  return templates.render(notificationData({ ...notificationOf('firing'), ...change }, 'http://am'));
}

function failureOf(source: string): string {
  try {
    rendering().text(source);
  } catch (error) {
    if (errorCode(error) === 'TEMPLATE_FAILED') return error instanceof Error ? error.message : '';
    throw error;
  }
  return '';
}

describe('notification templates', () => {
  it('tell the time of the clock', () => {
    const { text } = rendering();
    expect(text('{{ now }}')).toBe('2024-05-01 11:00:00.123 +0000 UTC');
    expect(
      text('{{ since (index .Alerts 0).StartsAt }} {{ since (index .Alerts 0).StartsAt | humanizeDuration }}'),
    ).toBe('1h0m0s 1h 0m 0s');
  });

  it('expand labels of the route, which may name one another', () => {
    const { text, data } = rendering({
      routeLabels: { owner: '{{ .CommonLabels.team }}', channel: '#{{ routeLabels "owner" }}', plain: 'x' },
    });
    expect(text('{{ routeLabels "channel" }} {{ .RouteLabels.channel }} {{ routeLabels "plain" }}')).toBe(
      '#shop #shop x',
    );
    expect(data.routeLabels).toEqual(new Map(Object.entries({ owner: 'shop', channel: '#shop', plain: 'x' })));
  });

  it('leave out a label of the route that fails, and that goes round', () => {
    const { data } = rendering({
      routeLabels: { a: '{{ routeLabels "b" }}', b: '{{ routeLabels "a" }}', c: '{{ .Nope }}', d: '{{ .Status }}' },
    });
    expect(data.routeLabels).toEqual(new Map([['d', 'firing']]));
  });

  it('expand labels of the route without knowing why the group is told', () => {
    const { text } = rendering({ routeLabels: { why: '{{ .NotificationReason }}' } });
    expect(text('{{ .RouteLabels.why }}, {{ .NotificationReason }}')).toBe('unknown, first notification');
  });

  it('do not expand what labels of alerts hold', () => {
    expect(rendering(notificationOf('odd')).text('{{ index (index .Alerts 0).Labels "weird-label" }}')).toBe(
      '{{ not a template }}',
    );
  });

  it('replace what is shipped by what a file defines', () => {
    const templates = new NotificationTemplates(() => NOW_MS);
    const before = rendering({}, templates).text('{{ template "slack.default.title" . }}');
    templates.addFile('{{ define "__subject" }}own {{ .Status }}{{ end }}', 'own.tmpl');
    expect(rendering({}, templates).text('{{ template "slack.default.title" . }}')).toBe('own firing');
    expect(before).toContain('[FIRING:1]');
  });

  it('keep what one text defines from the others', () => {
    const { text } = rendering();
    expect(text('{{ define "__subject" }}x{{ end }}{{ template "slack.default.title" . }}')).toBe('x');
    expect(text('{{ template "slack.default.title" . }}')).toContain('[FIRING:1]');
  });

  it.each([
    [
      'templates that call themselves',
      '{{ define "x" }}{{ template "x" . }}{{ end }}{{ template "x" . }}',
      'depth (200)',
    ],
    ['loops', '{{ range 100000000 }}{{ end }}', 'exceeded 5000000 steps'],
    ['output', `{{ range 700000 }}${'0123456789'.repeat(10)}{{ end }}`, 'bytes of output'],
    [
      'lists of themselves',
      '{{ $l := list "0123456789" }}{{ range 60 }}{{ $l = list $l $l }}{{ end }}{{ $l }}',
      'a value of more than',
    ],
    [
      'texts that double',
      '{{ $t := "0123456789" }}{{ range 60 }}{{ $t = print $t $t }}{{ end }}',
      'exceeded 67108864 bytes of output',
    ],
    [
      'JSON of lists',
      '{{ $l := list . }}{{ range 60 }}{{ $l = append $l $l $l }}{{ end }}{{ toJson $l }}',
      'a value of more',
    ],
  ])('bound %s', (_what, source, expected) => {
    expect(failureOf(source)).toContain(expected);
  });

  it('refuse a value in a script, and pass the script itself', () => {
    const { html } = rendering();
    expect(html('<script>let a = "<b>";</script>{{ .Status }}')).toBe('<script>let a = "<b>";</script>firing');
    expect(() => html('<script>let a = "{{ .Status }}";</script>')).toThrow('a value in a script');
    expect(() => html('<p onclick="f({{ .Status }})">')).toThrow('a value in a script');
  });
});
