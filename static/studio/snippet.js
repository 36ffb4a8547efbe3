import { page } from "./words.js";

/** The request as a line for a shell; in single quotes nothing but a single quote is special. */
export function curl(body) {
  const json = JSON.stringify(body, null, 2).replaceAll("'", "'\\''").replaceAll("\n", "\n  ");
  return [
    `curl ${page.origin}/v1/audio/speech \\`,
    '  -H "Authorization: Bearer YOUR_KEY" \\',
    '  -H "Content-Type: application/json" \\',
    `  -d '${json}' \\`,
    "  -o speech.mp3",
  ].join("\n");
}
