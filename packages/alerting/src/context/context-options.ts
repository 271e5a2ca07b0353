/** What a receiver wants to see beside its alerts: `receivers.NAME.context`. */
import type { Redactor } from '@vigie/core/redaction/redactor';

export const CONTEXT_PARTS = ['links', 'log_lines', 'chart'] as const;
export type ContextPart = (typeof CONTEXT_PARTS)[number];

export interface ContextOptions {
  readonly parts: ReadonlySet<ContextPart>;
  /** The longest that a page waits for all of it. */
  readonly budgetMs: number;
  /** Templates of URLs, by their names. */
  readonly links: ReadonlyMap<string, string>;
  readonly logLines: LogLineOptions;
  /** What a chart shows before the page. */
  readonly chartRangeMs: number;
}

export interface LogLineOptions {
  /** Of each pod. */
  readonly lines: number;
  /** Of the lines of one pod; the oldest are left out. */
  readonly sizeBytes: number;
  /** How old they may be. */
  readonly sinceMs: number;
  /** Of one page. */
  readonly pods: number;
  readonly redactor: Pick<Redactor, 'redactText'>;
}

/** Those of Alertmanager's users and of the mixins of Kubernetes; the silence is that of the page of Alertmanager. */
export const DEFAULT_LINKS: Readonly<Record<string, string>> = {
  runbook: '{{ .Annotations.runbook_url }}',
  dashboard: '{{ .Annotations.dashboard_url }}',
  logs: '{{ .Annotations.logs_url }}',
  silence:
    '{{ .ExternalURL }}/#/silences/new?filter={{ "{" | urlquery }}{{ range $i, $pair := .Labels.SortedPairs }}{{ if $i }}{{ "," | urlquery }}{{ end }}{{ printf "%s=%q" $pair.Name $pair.Value | urlquery | reReplaceAll "[+]" "%20" }}{{ end }}{{ "}" | urlquery }}',
};
