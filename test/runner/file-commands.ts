/** The files by which a step hands values to the runner: GITHUB_OUTPUT, GITHUB_STATE, GITHUB_ENV (FileCommandManager.cs). */

/** `name=value` lines and `name<<DELIMITER` blocks → values; the later of two wins. Throws as the runner refuses. */
export function parseFileCommand(text: string): Record<string, string> {
  const values: [string, string][] = [];
  const lines = text.split(/\r\n|\n|\r/);
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] ?? "";
    if (line === "") continue;
    const equals = line.indexOf("=");
    const heredoc = line.indexOf("<<");
    if (equals >= 0 && (heredoc < 0 || equals < heredoc)) {
      if (equals === 0) throw new Error(`Invalid format '${line}'. Name must not be empty`);
      values.push([line.slice(0, equals), line.slice(equals + 1)]);
    } else if (heredoc >= 0) {
      const [name, delimiter] = [line.slice(0, heredoc), line.slice(heredoc + 2)];
      if (name === "" || delimiter === "") {
        throw new Error(`Invalid format '${line}'. Name must not be empty and delimiter must not be empty`);
      }
      const end = lines.indexOf(delimiter, i + 1);
      if (end < 0) throw new Error(`Invalid value. Matching delimiter not found '${delimiter}'`);
      values.push([name, lines.slice(i + 1, end).join("\n")]);
      i = end;
    } else {
      throw new Error(`Invalid format '${line}'`);
    }
  }
  return Object.fromEntries(values);
}
