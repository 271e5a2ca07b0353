import { describe, expect, test } from 'vitest';
import { factFor, parseNameTemplate, renderNameTemplate } from '../../src/sinks/name-template.ts';
import { factsOf } from './facts.ts';

function render(source: string): string {
  const parsed = parseNameTemplate(source);
  if (parsed.status === 'invalid') return `expected ${parsed.reason}`;
  return renderNameTemplate(parsed.template, '2026-11-21', (field) => factFor(field, factsOf()) ?? '?');
}

describe('name templates', () => {
  test.each([
    ['logs-kubernetes-default', 'logs-kubernetes-default'],
    ['logs-%Y.%m.%d', 'logs-2026.11.21'],
    ['100%%-%d', '100%-21'],
    ['logs-{{ kubernetes.namespace }}-default', 'logs-shop-default'],
    ['{{kubernetes.pod.name}}', 'web-1'],
    ['{{ kubernetes.pod.uid }}', '2f7c1a52-6a0e-4a1c-9b0e-0d7f0e6d1b11'],
    ['{{ kubernetes.container.name }}/{{ kubernetes.node.name }}', 'web/node-1'],
    ['{{ container.id }}', 'c0ffee'],
    ['{{ kubernetes.labels.app }}', 'web'],
    ['{{ kubernetes.labels.app.kubernetes.io/name }}', 'web'],
    ['{{ kubernetes.labels.app_kubernetes_io/name }}', 'web'],
    ['{{ kubernetes.labels.none }}', '?'],
    ['{{ kubernetes.labels.constructor }}', '?'],
  ])('%s is %s', (source, expected) => {
    expect(render(source)).toBe(expected);
  });

  test.each([
    ['{{ message }}', 'where {{ message }} stands'],
    ['{{ kubernetes.labels. }}', 'where {{ kubernetes.labels. }} stands'],
    ['{{ }}', 'where {{  }} stands'],
    ['logs-{{ kubernetes.namespace', 'a }} for every {{'],
    ['logs-%H', '%Y, %m, %d or %% where %H stands'],
    ['logs-%', '%Y, %m, %d or %% where % stands'],
  ])('%s is refused', (source, reason) => {
    expect(render(source)).toContain(reason);
  });
});
