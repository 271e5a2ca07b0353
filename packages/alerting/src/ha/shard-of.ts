/** To which part of the work a group of alerts or of rules belongs: the same on each replica, and after each restart. */
import { crc32 } from 'node:zlib';

/** @param key of a group of alerts, or of rules
 *  @returns from 0 to shards - 1 */
export function shardOf(key: string, shards: number): number {
  return crc32(key) % shards;
}
