/** The rest of a list that comes in pages. */

/** RFC 8288: `<url>; rel="next"`. Only the same registry's are followed: the token is for it. */
export function nextPage(link: string | null, from: URL): URL | null {
  const target = /<([^<>]*)>\s*;[^,]*\brel="?next"?/i.exec(link ?? "")?.[1];
  if (target === undefined || !URL.canParse(target, from.href)) return null;
  const url = new URL(target, from);
  return url.origin === from.origin ? url : null;
}
