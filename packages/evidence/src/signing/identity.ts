/** Whether a certificate's identity is the one that is trusted: the whole text, compared as text. */

/**
 * @param pattern exact, or with `*` for any run of characters. Nothing else is special, and both ends are fast:
 *   `…/deliver.yml@refs/heads/main` does not match `…/deliver.yml@refs/heads/main.evil`.
 */
export function identityMatches(pattern: string, identity: string): boolean {
  const [first = "", ...rest] = pattern.split("*");
  const last = rest.pop();
  if (last === undefined) return pattern === identity;
  if (identity.length < first.length + last.length) return false;
  if (!identity.startsWith(first) || !identity.endsWith(last)) return false;
  // Leftmost match of each part in turn: linear, where a regular expression of many `.*` is not.
  let from = first.length;
  const end = identity.length - last.length;
  for (const part of rest) {
    const at = identity.indexOf(part, from);
    if (at === -1 || at + part.length > end) return false;
    from = at + part.length;
  }
  return true;
}
