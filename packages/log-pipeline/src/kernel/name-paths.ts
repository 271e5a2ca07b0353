/** Whether two names are in each other's way: Elasticsearch reads dots in names as paths, so `log` and `log.level` are, as
 *  are equal names. */
export function namesCollide(a: string, b: string): boolean {
  return isPathBelow(a, b) || isPathBelow(b, a);
}

/** `a` itself counts as below `a`. */
function isPathBelow(path: string, of: string): boolean {
  return path.startsWith(of) && (path.length === of.length || path[of.length] === '.');
}
