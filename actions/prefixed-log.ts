/** A log whose every line says which of many it is about. */
import type { Log } from "@ml-actions/action-kit/action";

export function prefixedLog(log: Log, name: string): Log {
  const said = (line: string) => `[${name}] ${line}`;
  return {
    info: (line) => log.info(said(line)),
    debug: (line) => log.debug(said(line)),
    warning: (message, place) => log.warning(said(message), place),
    error: (message, place) => log.error(said(message), place),
    notice: (message, place) => log.notice(said(message), place),
    // Groups of several cannot be open at once.
    group: (title, body) => {
      log.info(said(title));
      return body();
    },
  };
}
