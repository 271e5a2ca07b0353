/** Texts of alerts and silences in amtool's form. Source: Alertmanager, cli/format. */

export const OUTPUT_FORMATS = ['simple', 'extended', 'json'] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

/** `2026-11-29 10:00:00 UTC` */
export function dateText(time: string): string {
  return `${new Date(time).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** `alertname="Down" severity="page"`, by name. */
export function labelsText(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${value}"`)
    .sort()
    .join(' ');
}

export function compareTimes(a: string, b: string): number {
  return Date.parse(a) - Date.parse(b);
}
