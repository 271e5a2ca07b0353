/** The writer as a process of its own: `numbered lines of several containers, in CRI format, through rotations`. Driven by cri-writer.ts.
 *  argv[2] is a WriterPlan in JSON; each line on stdin is the number of records it may have written in sum; stdout tells the progress. */
import { createInterface } from 'node:readline';
import { ContainerLog } from './container-log.ts';
import type { WriterPlan, WriterProgress } from './cri-writer.ts';
import { criLines, type NumberedLine, numberedLine } from './numbered-line.ts';
import { seeded } from './seeded.ts';

const TICK_MS = 10;
/** The kubelet looks every 10 s at files of 10 MiB; here both are smaller. Over a second, the resolution of the names. */
const MONITOR_INTERVAL_MS = 1100;
/** From the rename to the runtime's reopen. */
const REOPEN_AFTER_TICKS = 2;
/** One rotation in so many is undone, as after a failed reopen. */
const UNDO_EVERY = 12;

const plan = JSON.parse(process.argv[2] ?? '') as WriterPlan;
const random = seeded(plan.seed);
const containers = plan.containers.map((identity) => {
  const log = new ContainerLog(plan.root, identity, plan.rotation);
  log.startContainer();
  const held: Record<NumberedLine['stream'], Buffer[]> = { stdout: [], stderr: [] };
  return { log, held, monitoredAtMs: 0, reopenInTicks: 0 };
});
let allowed = 0;
let next = plan.from;

/** Writes what is allowed, at most one tick's worth. Where streams are interleaved, the pieces of a split record wait for
 *  lines of the other. */
function writeTick(): void {
  const until = Math.min(plan.to, plan.from + allowed, next + Math.ceil((plan.linesPerSecond * TICK_MS) / 1000));
  const output: Buffer[][] = containers.map(() => []);
  for (; next < until; next += 1) {
    const index = next % containers.length;
    const { held } = containers[index] as (typeof containers)[number];
    const into = output[index] as Buffer[];
    const line = numberedLine(next, plan.seed, plan.startMs);
    into.push(...held[line.stream].splice(0));
    const [first, ...rest] = criLines(line);
    if (first) into.push(first);
    (plan.interleaved ? held[line.stream] : into).push(...rest);
    if (next === plan.restartContainerAt) {
      into.push(...held.stdout.splice(0), ...held.stderr.splice(0));
      containers[index]?.log.append(Buffer.concat(into.splice(0)));
      containers[index]?.log.startContainer();
    }
  }
  containers.forEach(({ log, held }, index) => {
    const into = output[index] as Buffer[];
    if (next === plan.to) into.push(...held.stdout.splice(0), ...held.stderr.splice(0));
    if (into.length > 0) log.append(Buffer.concat(into));
  });
}

function rotateTick(nowMs: number): void {
  for (const container of containers) {
    if (container.reopenInTicks > 0) {
      container.reopenInTicks -= 1;
      if (container.reopenInTicks === 0) {
        if (random.between(0, UNDO_EVERY) === 0) container.log.undoRotation();
        else container.log.reopen();
      }
    } else if (nowMs - container.monitoredAtMs >= MONITOR_INTERVAL_MS) {
      container.monitoredAtMs = nowMs;
      if (container.log.rotateIfLarge(new Date(nowMs))) container.reopenInTicks = REOPEN_AFTER_TICKS;
    }
  }
}

function tell(done: boolean): void {
  const counts = containers.map(({ log }) => log.counts);
  const sum = (pick: (one: (typeof counts)[number]) => number): number =>
    counts.reduce((total, one) => total + pick(one), 0);
  const state: WriterProgress = {
    written: next - plan.from,
    rotations: sum((one) => one.rotations),
    gzipped: sum((one) => one.gzipped),
    removed: sum((one) => one.removed),
    undone: sum((one) => one.undone),
    done,
  };
  process.stdout.write(`${JSON.stringify(state)}\n`);
}

// The suite that reads this has ended, and with it the need for lines.
process.stdout.on('error', () => process.exit(1));
createInterface({ input: process.stdin }).on('line', (line) => {
  allowed = Number(line);
});
const timer = setInterval(() => {
  writeTick();
  const rotating = containers.some(({ reopenInTicks }) => reopenInTicks > 0);
  const done = next === plan.to && !rotating;
  if (!done) rotateTick(Date.now());
  tell(done);
  if (!done) return;
  clearInterval(timer);
  process.stdin.destroy();
}, TICK_MS);
