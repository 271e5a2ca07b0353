/** Counts, sizes and durations at the few characters a terminal has for them. */

const COUNT_UNITS = ['', 'k', 'M', 'G', 'T', 'P'] as const;
const SIZE_UNITS = [' B', ' kB', ' MB', ' GB', ' TB', ' PB'] as const;

/** `0`, `987`, `12.3k`, `4.56M`: three digits that count, rounded down, so that nothing unfinished looks finished. */
export function formatCount(count: number): string {
  return threeDigits(count, COUNT_UNITS);
}

/** `0 B`, `12.3 kB`: decimal units. */
export function formatBytes(bytes: number): string {
  return threeDigits(bytes, SIZE_UNITS);
}

/** `00:03:12`; hours go on beyond 99. */
export function formatUptime(elapsedMs: number): string {
  const seconds = Math.floor(elapsedMs / 1000);
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return parts.map((part) => String(part).padStart(2, '0')).join(':');
}

function threeDigits(value: number, units: readonly string[]): string {
  let scaled = value;
  let unit = 0;
  while (scaled >= 1000 && unit < units.length - 1) {
    scaled /= 1000;
    unit++;
  }
  const decimals = unit === 0 || scaled >= 100 ? 0 : scaled >= 10 ? 1 : 2;
  const shown = Math.floor(scaled * 10 ** decimals) / 10 ** decimals;
  return `${shown.toFixed(decimals)}${units[unit]}`;
}
