/** One line to the terminal while a suite runs. vitest holds back the output of a test until it ends, which for these is minutes. */
export function progress(line: string): void {
  const seconds = Math.round(performance.now() / 1000);
  process.stderr.write(`[${String(seconds).padStart(4)} s] ${line}\n`);
}
