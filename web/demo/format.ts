/** How the demo's pages write numbers. */
const whole = new Intl.NumberFormat("en");

export function number(n: number): string {
  return whole.format(n);
}

/** count writes a number and its noun: "1 file", "2 files". */
export function count(n: number, noun: string): string {
  return `${number(n)} ${noun}${n === 1 ? "" : "s"}`;
}

/** bytes writes a size in units of a thousand, as download sizes are given. */
export function bytes(n: number): string {
  if (n < 1000) return `${n} B`;
  if (n < 999_500) return `${(n / 1000).toFixed(n < 99_500 ? 1 : 0)} kB`;
  return `${(n / 1e6).toFixed(1)} MB`;
}

/** milliseconds writes a time; browsers round their clocks to about 0.1. */
export function milliseconds(value: number): string {
  if (value < 0.05) return "<0.1 ms";
  if (value < 10) return `${value.toFixed(1)} ms`;
  return value < 9999.5 ? `${value.toFixed(0)} ms` : `${(value / 1000).toFixed(1)} s`;
}
