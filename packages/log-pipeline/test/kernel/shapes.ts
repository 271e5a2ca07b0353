/** Shapes of records for tests and benches. */
import type { JsonLineShape } from '../../src/encode/json-lines.ts';

const bytes = (text: string) => Buffer.from(text);
const FLAGS = ['truncated', 'unparsed', 'partial'] as const;

/** Eight tails as the sinks build them. */
function tails(end: string): Uint8Array[] {
  return Array.from({ length: 8 }, (_, bits) => {
    const names = FLAGS.filter((_, index) => (bits & (1 << index)) !== 0);
    return bytes((names.length === 0 ? '' : `,"flags":${JSON.stringify(names)}`) + end);
  });
}

/** `{"@timestamp":…,"stream":…,"message":…,"offset":…}` with `constants` more members.
 *  @param id with offset-hash an `"id"` member precedes the time */
export function testShape(id: JsonLineShape['id'], constants: Readonly<Record<string, string>> = {}): JsonLineShape {
  const members = Object.entries(constants).map(([key, value]) => `,${JSON.stringify(key)}:${JSON.stringify(value)}`);
  return {
    id,
    head: bytes(id === 'none' ? '{"@timestamp":"' : '{"id":"prefix-'),
    afterId: bytes(id === 'none' ? '' : '","@timestamp":"'),
    stdout: bytes('","stream":"stdout","message":"'),
    stderr: bytes('","stream":"stderr","message":"'),
    stdoutBare: bytes('","stream":"stdout"'),
    stderrBare: bytes('","stream":"stderr"'),
    afterMessage: bytes('"'),
    beforeOffset: bytes(`${members.join('')},"offset":`),
    tails: tails('}\n'),
  };
}
