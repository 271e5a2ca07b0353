/** Scripts over series in memory. */
import { MemoryStorage } from '../storage/memory-storage.ts';
import type { ScriptStorage } from './run-script.ts';

export async function openMemoryStorage(): Promise<ScriptStorage> {
  const storage = new MemoryStorage();
  return {
    querier: storage,
    append: async (labels, samples) => storage.append(labels, samples),
    close: async () => undefined,
  };
}
