/**
 * Order of versions across ecosystems: runs of digits as numbers, all else as text, `~` below the end as Debian has it.
 * It chooses which of several fixes to name, and decides no verdict.
 */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [partsOf(a), partsOf(b)];
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const order = comparePart(left[index], right[index]);
    if (order !== 0) return order;
  }
  return 0;
}

function partsOf(version: string): string[] {
  // An epoch (`1:2.3`) outweighs all behind it.
  const withEpoch = /^\d+:/.test(version) ? version : `0:${version}`;
  return withEpoch.slice(0, 500).match(/\d+|[a-z]+|[^\da-z]/gi) ?? [];
}

function comparePart(a: string | undefined, b: string | undefined): number {
  if (a === b) return 0;
  if (a === undefined) return isBelowEnd(b as string) ? 1 : -1;
  if (b === undefined) return isBelowEnd(a) ? -1 : 1;
  const [x, y] = [numberOf(a), numberOf(b)];
  if (x !== null && y !== null) return x < y ? -1 : x > y ? 1 : 0;
  if (isBelowEnd(a) || isBelowEnd(b)) return isBelowEnd(a) ? -1 : 1;
  if (x !== null || y !== null) return x === null ? -1 : 1;
  return a < b ? -1 : 1;
}

const isBelowEnd = (part: string): boolean => part === "~";

const numberOf = (part: string): bigint | null => (/^\d/.test(part) ? BigInt(part) : null);
