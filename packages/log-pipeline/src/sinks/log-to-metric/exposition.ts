/** Prometheus' text format 0.0.4. */

export const EXPOSITION_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** As it stands between braces; labels without a value, which Prometheus takes for absent ones, are left out. */
export function formatLabels(labels: Iterable<readonly [name: string, value: string | undefined]>): string {
  let written = '';
  for (const [name, value] of labels) {
    if (value === undefined || value === '') continue;
    written = joinLabels(written, `${name}="${/["\\\n\ud800-\udfff]/.test(value) ? escapeValue(value) : value}"`);
  }
  return written;
}

export function joinLabels(first: string, second: string): string {
  return first === '' || second === '' ? first + second : `${first},${second}`;
}

export function formatSample(name: string, labels: string, value: number): string {
  return `${name}${labels === '' ? '' : `{${labels}}`} ${formatValue(value)}\n`;
}

/** The lines before a metric's samples. */
export function formatHeader(name: string, type: string, help: string | undefined): string {
  const escaped = help?.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
  return `${escaped === undefined ? '' : `# HELP ${name} ${escaped}\n`}# TYPE ${name} ${type}\n`;
}

export function formatValue(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  return value === Number.NEGATIVE_INFINITY ? '-Inf' : String(value);
}

/** Surrogates that stand alone become U+FFFD here already: as bytes they would make equal what was not. */
function escapeValue(value: string): string {
  const wellFormed = value.replaceAll(/\p{Surrogate}/gu, '\ufffd');
  return wellFormed.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
