// The doors to jobs, as the signed-in member.
import { request, token } from "../studio/api.js";

async function send(method, path, body, signal) {
  const answer = await request(`/v1/jobs${path}`, { method, headers: token(), body, signal });
  return answer.status === 204 ? null : answer.json();
}

function form(parts) {
  const data = new FormData();
  for (const [name, value] of Object.entries(parts)) data.append(name, value);
  return data;
}

/** {kind, columns, rows} of a table, {kind, chapters} of a text. */
export const glimpse = (file) => send("POST", "/files/preview", form({ file }));

/** A draft: {id, rows, characters, preview, quota, cost}. */
export const draft = (file, job) => send("POST", "/files", form({ file, job: JSON.stringify(job) }));

/** `what` is start, pause, resume, cancel or retry. */
export const act = (id, what) => send("POST", `/${id}/${what}`);

export const remove = (id) => send("DELETE", `/${id}`);

export const newest = async (signal) => (await send("GET", "?limit=20", undefined, signal)).data;

export const one = (id, signal) => send("GET", `/${id}`, undefined, signal);

export const failed = async (id) => (await send("GET", `/${id}/items?status=failed&limit=20`)).data;

/** Where a result can be fetched; `as` is zip, joined or failed. */
export const result = (id, as) => `/v1/jobs/${id}/download?as=${as}${as === "joined" ? "&format=mp3" : ""}`;
