import type { ProcessQueries } from '../queries/process.ts';
import type { TimeSeriesDefinition } from './board.ts';

const MEMORY = 'Resident memory, and the parts of it in the V8 heap and in buffers outside.';

/** What processes take of their machine. */
export function processPanels(q: ProcessQueries, memory = MEMORY): readonly TimeSeriesDefinition[] {
  return [
    { title: 'CPU', description: 'Share of one core.', unit: 'percentunit', queries: [q.cpu] },
    { title: 'Memory', description: memory, unit: 'bytes', queries: [q.resident, q.heap, q.external] },
    {
      title: 'File descriptors in use',
      description: 'Share of the limit.',
      unit: 'percentunit',
      queries: [q.descriptors],
    },
  ];
}
