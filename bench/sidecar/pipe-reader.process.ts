/** Reads a named pipe as fast as it can and says what came: that something did, that all bytes did, or which numbers.
 *  Options, as JSON: {pipe, bytes} or {pipe, numbers, silenceMs}. */
import { createReadStream, openSync, readSync } from 'node:fs';
import { type Fields, numberField, parseFields } from '../harness/fields.ts';
import { parseNumbered } from '../harness/numbered-lines.ts';

const options = parseFields(process.argv[2]!);
const fd = openSync(String(options.pipe), 'r');
if ('bytes' in options) countBytes(options);
else countNumbers(options);

function say(fields: Fields): void {
  process.stdout.write(`${JSON.stringify(fields)}\n`);
}

function countBytes(fields: Fields): void {
  const expected = numberField(fields, 'bytes');
  const buffer = Buffer.allocUnsafe(1 << 20);
  let bytes = 0;
  let startedAt = 0;
  for (;;) {
    const length = readSync(fd, buffer);
    if (length === 0) return;
    if (bytes === 0) {
      startedAt = performance.now();
      say({ begun: true });
    }
    bytes += length;
    if (bytes - length < expected && bytes >= expected) {
      say({ bytes, seconds: (performance.now() - startedAt) / 1e3 });
    }
  }
}

/** Lines of the rotating writer: a time, stream and tag before the numbered message. */
function countNumbers(fields: Fields): void {
  const numbers = numberField(fields, 'numbers');
  const silenceMs = numberField(fields, 'silenceMs');
  const seen = new Uint8Array(numbers);
  const counts = { received: 0, duplicates: 0, corrupt: 0 };
  let rest = '';
  let timer: NodeJS.Timeout | undefined;
  const done = (): void => {
    say(counts);
    process.exit(0);
  };
  createReadStream('', { fd }).on('data', (chunk) => {
    clearTimeout(timer);
    const lines = (rest + chunk.toString('latin1')).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const number = parseNumbered(line.slice(line.indexOf(' F ') + 3));
      if (number === undefined || number >= numbers) counts.corrupt++;
      else if (seen[number] === 1) counts.duplicates++;
      else {
        seen[number] = 1;
        counts.received++;
      }
    }
    timer = setTimeout(done, silenceMs);
  });
}
