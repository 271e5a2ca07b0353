/** A JSON log line as a person reads it: what happened first, then the fields. */

/** Names that loggers use for the text, the best known first. */
const TEXT_NAMES = ['msg', 'message', 'event'];
/** Told already: the line has its own time and colour. */
const LEFT_OUT = new Set(['level', 'severity', 'time', 'ts', 'timestamp', '@timestamp']);

/** @returns `request failed status=500 error={"name":…}`; undefined when the message is no JSON object with a text */
export function jsonSummary(message: string): string | undefined {
  if (!message.startsWith('{')) return undefined;
  const fields = parseObject(message);
  if (fields === undefined) return undefined;
  const textName = TEXT_NAMES.find((name) => typeof fields[name] === 'string');
  if (textName === undefined) return undefined;
  const rest = Object.entries(fields).filter(([name]) => name !== textName && !LEFT_OUT.has(name));
  return [fields[textName], ...rest.map(([name, value]) => `${name}=${fieldText(value)}`)].join(' ');
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    // An array or a number does not begin with a brace.
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function fieldText(value: unknown): string {
  return typeof value === 'string' && !/[\s"=]/.test(value) ? value : JSON.stringify(value);
}
