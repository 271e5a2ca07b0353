/** A worker on the JVM: plain lines, stack traces of many lines, and now and then one line longer than the runtime
 *  writes in one piece. */
import { MAX_PIECE_BYTES, type OutputLine } from './cri-lines.ts';
import { Chance, type DemoOutput, type DemoWorkload } from './workload.ts';

const EVENTS_PER_SECOND = 3;
/** Two pieces and a half: more than one P before the F. */
const LONG_LINE_CHARACTERS = 2.5 * MAX_PIECE_BYTES;

const LOGGER = 'com.example.shop.invoice.InvoiceWorker';
const FRAMES = [
  'com.example.shop.invoice.PdfRenderer.render(PdfRenderer.java:118)',
  'com.example.shop.invoice.InvoiceWorker.process(InvoiceWorker.java:64)',
  'com.example.shop.queue.Consumer.lambda$poll$3(Consumer.java:201)',
  'java.base/java.util.concurrent.ThreadPoolExecutor.runWorker(ThreadPoolExecutor.java:1144)',
  'java.base/java.util.concurrent.ThreadPoolExecutor$Worker.run(ThreadPoolExecutor.java:642)',
  'java.base/java.lang.Thread.run(Thread.java:1583)',
] as const;

export function invoiceWorker(random: () => number): DemoWorkload {
  const chance = new Chance(random);
  return {
    place: {
      namespace: 'billing',
      pod: 'invoice-worker-0',
      podUid: 'b7e6a1d0-93f4-4c28-bd55-2a8f6e0c4d17',
      container: 'worker',
    },
    next: (nowMs): DemoOutput => ({ lines: event(chance, nowMs), pauseMs: chance.pauseMs(nowMs, EVENTS_PER_SECOND) }),
  };
}

function event(chance: Chance, nowMs: number): readonly OutputLine[] {
  const invoice = chance.between(100_000, 999_999);
  const thread = `pool-3-thread-${chance.between(1, 8)}`;
  const line = (level: string, message: string): string =>
    `${new Date(nowMs).toISOString().replace('T', ' ').replace('.', ',').slice(0, 23)} ${level.padEnd(5)} [${thread}] ${LOGGER} - ${message}`;
  if (chance.oneIn(25)) {
    const failed = line('ERROR', `Invoice ${invoice} failed, message goes back to the queue`);
    const trace = [
      failed,
      `com.example.shop.invoice.RenderException: template "invoice-fr" has no field 'délai'`,
      ...FRAMES.map((frame) => `\tat ${frame}`),
      `Caused by: java.util.NoSuchElementException: délai`,
      `\tat java.base/java.util.Optional.orElseThrow(Optional.java:377)`,
      `\t... ${FRAMES.length} more`,
    ];
    return trace.map((text) => ({ stream: 'stderr', text }));
  }
  if (chance.oneIn(90)) {
    const items = Array.from({ length: LONG_LINE_CHARACTERS / 16 }, () => chance.hex(15)).join(' ');
    return [{ stream: 'stdout', text: line('DEBUG', `Invoice ${invoice} checksums: ${items}`) }];
  }
  const [level, message] = chance.oneIn(12)
    ? ['WARN', `Invoice ${invoice} waited ${chance.between(3, 20)} s for a renderer`]
    : ['INFO', `Invoice ${invoice} rendered in ${chance.between(90, 800)} ms, ${chance.between(1, 6)} pages`];
  return [{ stream: 'stdout', text: line(level, message) }];
}
