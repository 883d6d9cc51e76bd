/**
 * Scales and ticks. Our own, because it is 60 lines: d3-scale would bring six packages for the same, and d3's time ticks
 * are of calendars, not of "2 min 30 s after the start".
 */

export interface Scale {
  (value: number): number;
  domain: readonly [number, number];
  ticks: readonly number[];
  format: (value: number) => string;
}

type Range = readonly [number, number];

/** 1, 2 or 5 times a power of ten: at most `count` + 1 ticks within the domain. */
export function linearTicks([low, high]: Range, count: number): number[] {
  if (!(high > low)) return [low];
  const raw = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= raw * 0.999) ?? 10);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  // Multiplied, not added up: 0.1 + 0.2 would be a tick at 0.30000000000000004.
  const decimals = Math.max(0, -Math.floor(Math.log10(step)));
  return Array.from({ length: last - first + 1 }, (_, index) =>
    Number(((first + index) * step).toFixed(Math.min(20, decimals))),
  );
}

export function linear(domain: Range, range: Range, format: (value: number) => string, count = 5): Scale {
  return scaleOf((value) => value, domain, range, linearTicks(domain, count), format);
}

/** Logarithmic; the domain must be above 0. */
export function logarithmic(domain: Range, range: Range, format: (value: number) => string): Scale {
  const [low, high] = domain;
  const powers = Array.from(
    { length: Math.ceil(Math.log10(high)) - Math.floor(Math.log10(low)) + 1 },
    (_, index) => 10 ** (Math.floor(Math.log10(low)) + index),
  );
  const steps = powers.length > 4 ? [1] : powers.length > 3 ? [1, 3] : [1, 2, 5];
  const ticks = powers
    .flatMap((power) => steps.map((step) => step * power))
    .filter((tick) => tick >= low && tick <= high);
  return scaleOf(Math.log10, domain, range, ticks, format);
}

const second = 1000;
const timeStepsMs = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21_600, 43_200, 86_400,
].map((seconds) => seconds * second);

/** Time since the start in ms; ticks at round times. */
export function elapsed(durationMs: number, range: Range, count = 5): Scale {
  const high = Math.max(second, durationMs);
  const step = timeStepsMs.find((candidate) => high / candidate <= count) ?? Math.ceil(high / count);
  const ticks = Array.from({ length: Math.floor(high / step) + 1 }, (_, index) => index * step);
  return scaleOf((value) => value, [0, high], range, ticks, clock);
}

/** 0:42, 12:05, 3:00:00. */
export function clock(ms: number): string {
  const seconds = Math.round(ms / second);
  const two = (value: number) => String(value).padStart(2, "0");
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

/** The domain widened to round numbers at both ends. */
export function rounded([low, high]: Range, count = 5): [number, number] {
  if (!(high > low)) return [low - 1, high + 1];
  const ticks = linearTicks([low, high], count);
  const step = (ticks[1] ?? high) - (ticks[0] ?? low);
  if (!(step > 0)) return [low, high];
  return [Math.floor(low / step + 1e-9) * step, Math.ceil(high / step - 1e-9) * step];
}

function scaleOf(
  map: (value: number) => number,
  domain: Range,
  [from, to]: Range,
  ticks: readonly number[],
  format: (value: number) => string,
): Scale {
  const [low, high] = [map(domain[0]), map(domain[1])];
  const span = high > low ? high - low : 1;
  return Object.assign((value: number) => from + ((map(value) - low) / span) * (to - from), {
    domain,
    ticks,
    format,
  });
}
