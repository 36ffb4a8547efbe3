// The platform's API as the signed-in member: session cookie and CSRF token.
import { number, page, say } from "./words.js";

/** An answer that is not what was asked for, with words for the member as its message. */
export class Problem extends Error {}

export async function request(path, options = {}) {
  let answer;
  try {
    answer = await fetch(path, { ...options, headers: { accept: "application/json", ...options.headers } });
  } catch (error) {
    throw error.name === "AbortError" ? error : new Problem(say("problem_network"), { cause: error });
  }
  if (!answer.ok) throw new Problem(await explain(answer));
  return answer;
}

function post(path, body, signal) {
  const headers = { "content-type": "application/json", ...token() };
  return request(path, { method: "POST", headers, body: JSON.stringify(body), signal });
}

/** What a request that changes something must carry. */
export function token() {
  return { "x-csrftoken": /(?:^|; )csrftoken=([^;]+)/.exec(document.cookie)?.[1] ?? "" };
}

async function explain(answer) {
  const isJson = answer.headers.get("content-type")?.includes("json");
  const body = isJson ? await answer.json() : {};
  const error = body.error ?? body; // OpenAI's envelope at some doors, RFC 9457 at the others
  const own = `problem_${error.code}`;
  if (own in page.words) {
    const seconds = answer.headers.get("retry-after") ?? "1";
    return say(own, { seconds, limit: number(page.max_characters), detail: error.detail ?? error.message });
  }
  if (answer.status === 401) return say("problem_signed_out");
  if (answer.status === 403) return say("problem_forbidden");
  return error.message ?? error.detail ?? `${say("problem_network")} (HTTP ${answer.status})`;
}

/** {voices: [...], default: id} */
export const voices = async () => (await request("/v1/audio/voices")).json();

export const recent = async () => (await (await request("/v1/history?limit=10")).json()).data;

export const preview = async (body, signal) => (await post("/v1/text/preview", body, signal)).json();

/** Starts a speech; resolves at the answer's head. `chunks` yields Float32Array at 24 kHz as they come. */
export async function speech(body, signal) {
  const answer = await post("/v1/audio/speech", body, signal);
  return {
    id: answer.headers.get("x-request-id"),
    billed: Number(answer.headers.get("x-billed-characters")),
    chunks: samples(answer.body.getReader()),
  };
}

async function* samples(reader) {
  let odd = new Uint8Array(0); // half of a sample, left over from the chunk before
  for (;;) {
    let step;
    try {
      step = await reader.read();
    } catch (error) {
      throw error.name === "AbortError" ? error : new Problem(say("problem_cut"), { cause: error });
    }
    if (step.done) return;
    const bytes = new Uint8Array(odd.length + step.value.length);
    bytes.set(odd);
    bytes.set(step.value, odd.length);
    const count = bytes.length >> 1;
    odd = bytes.slice(count * 2);
    const view = new DataView(bytes.buffer);
    yield Float32Array.from({ length: count }, (_, i) => view.getInt16(i * 2, true) / 32768);
  }
}

/** Where a finished speech can be fetched. */
export const file = (id, format) => `/v1/history/${id}/audio?format=${format}`;
