/** The rotator with what it needs of the system. Loaded only where files are to be rotated. */
import { type RecoveryDeps, recoverRotations } from './recovery.ts';
import type { RotationRules } from './rotation.ts';
import { NODE_FS } from './rotation-fs.ts';
import { Rotator, type RotatorDeps } from './rotator.ts';
import { tellWriter } from './tell-writer.ts';

/** To be called before anybody looks for logs.
 *  @param patterns of the live files */
export async function openRotator(
  rules: RotationRules,
  patterns: readonly string[],
  deps: Omit<RecoveryDeps & RotatorDeps, 'fs' | 'tell'>,
): Promise<Rotator> {
  const system = { ...deps, fs: NODE_FS, tell: tellWriter };
  return new Rotator(rules, await recoverRotations(patterns, rules.mode, system), system);
}
