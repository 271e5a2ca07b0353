/** The record of a coordination.k8s.io/v1 Lease, as client-go's LeaseLock reads and writes it. */
import { VigieError } from '@vigie/core/errors';
import { microTime } from './micro-time.ts';

/** As the server has it; what is not known here is sent back as it came. */
export interface LeaseObject {
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly spec: Readonly<Record<string, unknown>>;
  readonly [other: string]: unknown;
}

export interface LeaseRecord {
  readonly lease: LeaseObject;
  /** Empty: nobody's. */
  readonly holder: string;
  readonly leaseDurationMs: number;
}

/** @throws {VigieError} KUBE_OBJECT_INVALID for what is no Lease */
export function leaseRecord(body: unknown): LeaseRecord {
  if (!isRecord(body) || !isRecord(body.metadata))
    throw new VigieError('KUBE_OBJECT_INVALID', 'the answer is no Lease');
  const spec = isRecord(body.spec) ? body.spec : {};
  const { holderIdentity, leaseDurationSeconds } = spec;
  return {
    lease: { ...body, metadata: body.metadata, spec },
    holder: typeof holderIdentity === 'string' ? holderIdentity : '',
    leaseDurationMs: typeof leaseDurationSeconds === 'number' ? leaseDurationSeconds * 1000 : 0,
  };
}

/** The lease with another holder, or the same one's renewal. */
export function leaseWith(
  lease: LeaseObject,
  {
    holder,
    leaseDurationMs,
    nowMs,
    annotations,
  }: {
    readonly holder: string;
    readonly leaseDurationMs: number;
    readonly nowMs: number;
    /** Beside those that it has. */
    readonly annotations: Readonly<Record<string, string>>;
  },
): LeaseObject {
  const { holderIdentity, leaseTransitions, acquireTime } = lease.spec;
  const isRenewal = holderIdentity === holder && holder !== '';
  const transitions = typeof leaseTransitions === 'number' ? leaseTransitions : 0;
  // The first holder is no transition, and neither is giving it back.
  const isTransition = !isRenewal && holder !== '' && holderIdentity !== undefined;
  const now = microTime(nowMs);
  return {
    ...lease,
    metadata: { ...lease.metadata, annotations: { ...annotationsOf(lease), ...annotations } },
    spec: {
      ...lease.spec,
      holderIdentity: holder,
      leaseDurationSeconds: leaseDurationMs / 1000,
      acquireTime: isRenewal && acquireTime !== undefined ? acquireTime : now,
      renewTime: now,
      leaseTransitions: isTransition ? transitions + 1 : transitions,
    },
  };
}

export function annotationsOf({ metadata }: LeaseObject): Readonly<Record<string, string>> {
  const written = isRecord(metadata.annotations) ? Object.entries(metadata.annotations) : [];
  return Object.fromEntries(written.filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
