/** The npm package `tail`, the most used of its kind, reading numbered CRI lines until SIGTERM asks what it has seen. */
import { Tail } from 'tail';
import { parseFields } from '../harness/fields.ts';
import { parseNumbered } from '../harness/numbered-lines.ts';

const options = parseFields(process.argv[2]!);
const seen = new Set<number>();
let lines = 0;
let corrupt = 0;
let errors = 0;

const tail = new Tail(String(options.file), {
  fromBeginning: true,
  follow: true,
  useWatchFile: options.watchFile === true,
  fsWatchOptions: { interval: 100 },
});
tail.on('line', (line: string) => {
  lines++;
  const number = parseNumbered(/^\S+ stdout F (.*)$/s.exec(line)?.[1] ?? '');
  if (number === undefined) corrupt++;
  else seen.add(number);
});
tail.on('error', () => {
  errors++;
});
process.on('SIGTERM', () => {
  tail.unwatch();
  process.stdout.write(
    `${JSON.stringify({ received: seen.size, duplicates: lines - corrupt - seen.size, corrupt, errors })}\n`,
    () => process.exit(0),
  );
});
process.stdout.write('ready\n');
