/** `kubectl apply` of one object, of which what a person reads counts too. The event loop goes on meanwhile: a server of the
 *  test's own may be asked. */
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import type { ControlPlane } from './parts/kubernetes.ts';
import { installKubernetes } from './parts/kubernetes-binary.ts';

export interface Applied {
  /** As the API server has it now. */
  readonly object: unknown;
  /** Warnings are there. */
  readonly stderr: string;
}

/** @param args `--dry-run=server`
 *  @throws {Error} with what kubectl wrote, when it fails */
export async function kubectlApply(
  plane: ControlPlane,
  namespace: string,
  object: object,
  ...args: readonly string[]
): Promise<Applied> {
  const child = spawn(installKubernetes(), ['kubectl', '-n', namespace, 'apply', '-o', 'json', ...args, '-f', '-'], {
    env: { ...process.env, KUBECONFIG: plane.kubeconfig },
  });
  const exited = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  child.stdin.end(JSON.stringify(object));
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), exited]);
  if (code !== 0) throw new Error(stderr);
  return { object: JSON.parse(stdout), stderr };
}
