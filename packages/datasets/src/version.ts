import { basename } from "node:path";

/**
 * The version in a file name like `dataset_v20131231.parquet` (`dataset_vYYYYMMDD`, anything after a dot), as
 * `"20131231"`; null when the name holds none, or no day of the calendar.
 */
export function datasetVersion(path: string): string | null {
  const digits = /^dataset_v(\d{8})(?:\.|$)/.exec(basename(path))?.[1];
  if (digits === undefined) return null;
  const iso = `${digits.slice(0, 4)}-${digits.slice(4, 6)}-${digits.slice(6, 8)}`;
  const day = new Date(`${iso}T00:00:00Z`);
  // 30 February parses to NaN or rolls over to March.
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(iso) ? digits : null;
}
