/** What several parts tell, as one page: a metric that two of them have stands there once. */

interface Family {
  help: string | undefined;
  type: string | undefined;
  /** Lines by name and labels. */
  readonly samples: Map<string, string>;
}

/** Values of the same series, such as of a group of rules that two parts evaluate a half of each, are added up where they count; of gauges the
 *  largest holds.
 *  @param bodies in the text format, without times
 *  Cost: O(lines). */
export function mergedExposition(bodies: readonly string[]): string {
  const families = new Map<string, Family>();
  let family: Family | undefined;
  for (const line of bodies.flatMap((body) => body.split('\n'))) {
    const [, kind, name] = /^# (HELP|TYPE) (\S+)/.exec(line) ?? [];
    if (name !== undefined) {
      family = families.get(name) ?? { help: undefined, type: undefined, samples: new Map() };
      families.set(name, family);
      if (kind === 'HELP') family.help ??= line;
      else family.type ??= line;
    } else if (line !== '' && family !== undefined) add(family, line);
  }
  return Array.from(families.values(), textOf).join('\n');
}

function add({ type, samples }: Family, line: string): void {
  const at = line.lastIndexOf(' ');
  const series = line.slice(0, at);
  const before = samples.get(series);
  if (before === undefined) {
    samples.set(series, line);
    return;
  }
  const a = Number(before.slice(at + 1));
  const b = Number(line.slice(at + 1));
  samples.set(series, `${series} ${type?.endsWith(' gauge') ? Math.max(a, b) : a + b}`);
}

function textOf({ help, type, samples }: Family): string {
  const head = [help, type].filter((line) => line !== undefined);
  return [...head, ...samples.values(), ''].join('\n');
}
