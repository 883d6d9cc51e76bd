/**
 * Names and sentences come from files, URLs and other people's models. Before they are escaped for a format they lose
 * what no format needs: control characters (a newline starts a workflow command), characters that reorder or hide
 * text (Unicode TR36 §3, "Trojan Source"), and halves of surrogate pairs (not allowed in XML).
 */

// biome-ignore lint/suspicious/noControlCharactersInRegex: removing them is what this is for
const control = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g;
const invisible = /[\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufffe\uffff]/g;

/** One line of visible text, at most `maxLength` characters (UTF-16 units), shortened with an ellipsis. */
export function oneLine(value: string, maxLength = 2000): string {
  const cut = value.length > maxLength ? `${value.slice(0, maxLength - 1)}…` : value;
  return cut.toWellFormed().replace(control, " ").replace(invisible, "").trim();
}

/** The beginning and the end of a long name: the part that tells digests and paths apart is often the last. */
export function shortened(value: string, maxLength: number): string {
  const line = oneLine(value);
  if (line.length <= maxLength) return line;
  const head = Math.ceil((maxLength - 1) * 0.6);
  return oneLine(`${line.slice(0, head)}…${line.slice(line.length - (maxLength - 1 - head))}`);
}

/** `sha256:0123456789ab`: enough of a digest for a person to tell releases apart. */
export function shortDigest(digest: string): string {
  return /^sha256:[0-9a-f]{64}$/.test(digest) ? digest.slice(0, 19) : shortened(digest, 24);
}
