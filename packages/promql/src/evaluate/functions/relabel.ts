/** label_replace and label_join. */
import { compileRegex, type Regex } from '@vigie/core/regex';
import { type LabelSet, METRIC_NAME } from '../../labels/label-set.ts';
import type { VectorBlock } from '../block.ts';
import { evaluationError } from '../failure.ts';
import { mergeSeries } from '../merge-rows.ts';

/** @param block rows whose cells may hold a float and a histogram, before and afterwards
 *  @param texts destination, replacement, source, regular expression */
export function replaceLabel(block: VectorBlock, texts: readonly string[]): VectorBlock {
  const [destination = '', replacement = '', source = '', pattern = ''] = texts;
  const regex = compile(pattern);
  refuseName(destination, 'invalid destination label name in label_replace()');
  const spans = new Int32Array(2 * regex.groupNames.length);
  block.isDistinct = false;
  for (let row = 0; row < block.rows; row++) {
    const labels = block.labels[row]!;
    const bytes = Buffer.from(labels.get(source));
    if (!regex.execBytes(bytes, 0, bytes.length, spans)) continue;
    setLabel(block, row, labels, destination, expand(replacement, regex, bytes, spans));
  }
  return mergeSeries(block);
}

/** @param block as replaceLabel's
 *  @param texts destination, separator, sources */
export function joinLabels(block: VectorBlock, texts: readonly string[]): VectorBlock {
  const [destination = '', separator = '', ...sources] = texts;
  for (const source of sources) refuseName(source, 'invalid source label name in label_join()');
  refuseName(destination, 'invalid destination label name in label_join()');
  block.isDistinct = false;
  for (let row = 0; row < block.rows; row++) {
    const labels = block.labels[row]!;
    setLabel(block, row, labels, destination, sources.map((source) => labels.get(source)).join(separator));
  }
  return mergeSeries(block);
}

function setLabel(block: VectorBlock, row: number, labels: LabelSet, name: string, value: string): void {
  block.labels[row] = labels.with(name, value);
  if (name === METRIC_NAME) block.dropName[row] = false;
}

function compile(pattern: string): Regex {
  try {
    return compileRegex(`^(?s:${pattern})$`);
  } catch (error) {
    throw evaluationError(`invalid regular expression in label_replace(): ${pattern}`, error);
  }
}

function refuseName(name: string, problem: string): void {
  // What is not UTF-8 has become U+FFFD.
  if (name === '' || name.includes('\ufffd')) throw evaluationError(`${problem}: ${name}`);
}

/** Go's Regexp.Expand: `$1`, `$name`, `${name}`, `$$`; a group that is not there is empty. */
function expand(template: string, regex: Regex, bytes: Buffer, spans: Int32Array): string {
  return template.replace(
    /\$(?:(\$)|\{(\w+)\}|(\w+))/g,
    (_, dollar: string | undefined, braced: string, bare: string) => {
      if (dollar !== undefined) return '$';
      const name = braced ?? bare;
      const group = /^\d+$/.test(name) ? Number(name) : regex.groupNames.indexOf(name);
      const start = spans[2 * group] ?? -1;
      return start < 0 ? '' : bytes.toString('utf8', start, spans[2 * group + 1]);
    },
  );
}
