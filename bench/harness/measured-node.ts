/** The Node under which Vigie is measured: that of VIGIE_BENCH_NODE, such as the image's; else the harness' own. */
import { spawnSync } from 'node:child_process';

export interface MeasuredNode {
  readonly nodePath: string;
  /** `v24.21.0` */
  readonly nodeVersion: string;
}

/** @throws where it does not run */
export function measuredNode(): MeasuredNode {
  const nodePath = process.env.VIGIE_BENCH_NODE ?? process.execPath;
  const shown = spawnSync(nodePath, ['--version'], { encoding: 'utf8' });
  if (shown.status !== 0) throw new Error(`VIGIE_BENCH_NODE: ${nodePath} --version does not run`);
  return { nodePath, nodeVersion: shown.stdout.trim() };
}
