/** Kubernetes' MicroTime: always six digits behind the point. Of Leases and Events the API server takes no other form. */
export function microTime(unixMs: number): string {
  return new Date(unixMs).toISOString().replace('Z', '000Z');
}
