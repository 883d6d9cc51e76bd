/** What wrote a report or a piece of evidence. A test holds it against package.json. */
export const tool = "ml-actions 0.1.0";
