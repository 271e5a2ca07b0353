/** Records as events of Splunk's HTTP Event Collector: one JSON object a line, the document in `event`. */
import { type DocumentFormat, documentShape, NO_OPENING, type RecordFacts } from '../../encode/document.ts';
import type { JsonLineShape } from '../../encode/json-lines.ts';

export interface SplunkMembers {
  readonly source?: string | undefined;
  readonly sourcetype: string;
  readonly index?: string | undefined;
}

/** Ends the time of a document, which has none of its own here. */
const TIME_END = '",';

export function splunkShape(facts: RecordFacts, members: SplunkMembers, format: DocumentFormat): JsonLineShape {
  const document = documentShape(facts, NO_OPENING, undefined, format);
  const head = JSON.stringify({
    host: facts.nodeName,
    source: members.source ?? facts.path,
    sourcetype: members.sourcetype,
    index: members.index,
  });
  const opened = (bytes: Uint8Array): Buffer => Buffer.from(`,"event":{${afterTime(bytes)}`);
  return {
    ...document,
    time: 'unix_seconds',
    head: Buffer.from(`${head.slice(0, -1)},"time":`),
    stdout: opened(document.stdout),
    stderr: opened(document.stderr),
    stdoutBare: opened(document.stdoutBare),
    stderrBare: opened(document.stderrBare),
    tails: document.tails.map((tail) => Buffer.concat([tail.subarray(0, -1), Buffer.from('}\n')])),
  };
}

/** The members that follow the time; where there are none, one that says nothing, as a comma comes next. */
function afterTime(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString();
  return text.startsWith(TIME_END) ? text.slice(TIME_END.length) : '"message":""';
}
