/** An error of the server, with the query and a mark below the place that it names. */
import { printable, textWidth } from '../terminal/text-width.ts';

/** `line:column`, the column in bytes of UTF-8, as Prometheus counts. */
const PLACE = /\b(\d+):(\d+): parse error:/;

/** @returns lines below the message: the query, or the line of it where the error is, and a caret */
export function markedQuery(promql: string, error: string): readonly string[] {
  const lines = promql.split('\n');
  const [, lineText, columnText] = PLACE.exec(error) ?? [];
  const line = lines[Number(lineText) - 1];
  if (line === undefined) return lines.map((text) => `  ${printable(text)}`);
  const before = Buffer.from(line)
    .subarray(0, Number(columnText) - 1)
    .toString();
  return [`  ${printable(line)}`, `  ${' '.repeat(textWidth(printable(before)))}^`];
}
