// The request that the studio would send, as code to take away.
import { page } from "./words.js";

const OPENAIS = ["model", "input", "voice", "response_format", "speed"]; // the others are members of ours

/** By language: the code that writes the answer to a body's request to a file. */
export const snippets = { curl, python, javascript };

/** In single quotes nothing but a single quote is special to a shell. */
function curl(body) {
  const json = JSON.stringify(body, null, 2).replaceAll("'", "'\\''").replaceAll("\n", "\n  ");
  return [
    `curl ${page.origin}/v1/audio/speech \\`,
    '  -H "Authorization: Bearer YOUR_KEY" \\',
    '  -H "Content-Type: application/json" \\',
    `  -d '${json}' \\`,
    "  -o speech.mp3",
  ].join("\n");
}

function python(body) {
  const members = Object.entries(body);
  const openais = members.filter(([name]) => OPENAIS.includes(name));
  const ours = members.filter(([name]) => !OPENAIS.includes(name));
  const extra = ours.map(([name, value]) => `"${name}": ${literal(value)}`).join(", ");
  return [
    "from openai import OpenAI",
    "",
    `client = OpenAI(base_url="${page.origin}/v1", api_key="YOUR_KEY")`,
    "with client.audio.speech.with_streaming_response.create(",
    ...openais.map(([name, value]) => `    ${name}=${literal(value)},`),
    ...(extra ? [`    extra_body={${extra}},`] : []),
    ") as speech:",
    '    speech.stream_to_file("speech.mp3")',
  ].join("\n");
}

/** What JSON escapes in a string, Python reads alike. */
const literal = (value) => (value === true ? "True" : JSON.stringify(value));

function javascript(body) {
  const json = JSON.stringify(body, null, 2).replaceAll("\n", "\n  ");
  return [
    'import { writeFile } from "node:fs/promises";',
    "",
    `const answer = await fetch("${page.origin}/v1/audio/speech", {`,
    '  method: "POST",',
    '  headers: { authorization: "Bearer YOUR_KEY", "content-type": "application/json" },',
    `  body: JSON.stringify(${json}),`,
    "});",
    "if (!answer.ok) throw new Error(await answer.text());",
    'await writeFile("speech.mp3", Buffer.from(await answer.arrayBuffer()));',
  ].join("\n");
}
