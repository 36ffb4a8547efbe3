// The platform's API as the signed-in member: session cookie and CSRF token.
import { number, page, say } from "./words.js";

/** An answer that is not what was asked for, with words for the member as its message. */
export class Problem extends Error {
  constructor(message, { code, ...options } = {}) {
    super(message, options);
    this.code = code;
  }
}

export async function request(path, options = {}) {
  let answer;
  try {
    answer = await fetch(path, { ...options, headers: { accept: "application/json", ...options.headers } });
  } catch (error) {
    throw error.name === "AbortError" ? error : new Problem(say("problem_network"), { cause: error });
  }
  if (!answer.ok) throw await problemOf(answer);
  return answer;
}

function send(method, path, body, signal) {
  const headers = { "content-type": "application/json", ...token() };
  return request(path, { method, headers, body: JSON.stringify(body), signal });
}

export const post = (path, body, signal) => send("POST", path, body, signal);

/** What a request that changes something must carry. */
export function token() {
  return { "x-csrftoken": /(?:^|; )csrftoken=([^;]+)/.exec(document.cookie)?.[1] ?? "" };
}

async function problemOf(answer) {
  const isJson = answer.headers.get("content-type")?.includes("json");
  const body = isJson ? await answer.json() : {};
  const error = body.error ?? body; // OpenAI's envelope at some doors, RFC 9457 at the others
  const words = wordsFor(error, answer.headers.get("retry-after")) ?? wordsForStatus(answer.status);
  const other = error.message ?? error.detail ?? `${say("problem_network")} (HTTP ${answer.status})`;
  return new Problem(words ?? other, { code: error.code });
}

const wordsForStatus = (status) =>
  ({ 401: say("problem_signed_out"), 403: say("problem_forbidden") })[status];

/** An error of the API in words for the member; undefined where there are none for it. */
export function wordsFor(error, seconds) {
  const own = `problem_${error.code}`;
  if (!(own in page.words)) return undefined;
  const detail = error.detail ?? error.message;
  return say(own, { seconds: seconds ?? "1", limit: number(page.max_characters), detail });
}

/** {voices: [...], default: id} */
export const voices = async () => (await request("/v1/audio/voices")).json();

export const recent = async () => (await (await request("/v1/history?limit=10")).json()).data;

export const preview = async (body, signal) => (await post("/v1/text/preview", body, signal)).json();

/** Has a word of the team's dictionary said so from now on. */
export async function teach(word, pinyin) {
  await send("PUT", `/v1/dictionary/entries/${encodeURIComponent(word)}`, { pinyin });
}

/** Where a finished speech can be fetched. */
export const file = (id, format) => `/v1/history/${id}/audio?format=${format}`;
export const subtitles = (id, format) => `/v1/history/${id}/subtitles.${format}`;
