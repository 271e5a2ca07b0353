/** One string for what stands on thousands of objects: names of nodes, images, controllers. Parsed, each object has its own. */

const texts = new Map<string, string>();
/** Several times the nodes, images and workloads of a large cluster; beyond it, all begin anew. */
const MAX_TEXTS = 50_000;

export function sharedText(text: string): string {
  const known = texts.get(text);
  if (known !== undefined) return known;
  if (texts.size >= MAX_TEXTS) texts.clear();
  texts.set(text, text);
  return text;
}
