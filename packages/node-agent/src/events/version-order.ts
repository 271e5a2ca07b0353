/** Resource versions of one collection, in the order in which the server gave them: decimal numbers without leading zeros, as
 *  Kubernetes promises since 1.35 and etcd's revisions always were.
 *  @returns whether `a` came after `b` */
export function isNewer(a: string, b: string): boolean {
  return a.length === b.length ? a > b : a.length > b.length;
}
