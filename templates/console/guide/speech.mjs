import { writeFile } from "node:fs/promises";

const answer = await fetch("{{ url }}/v1/audio/speech", {
  method: "POST",
  headers: { Authorization: `Bearer ${process.env.VOXHOUSE_API_KEY}`, "Content-Type": "application/json" },
  body: JSON.stringify({ model: "tts-1", voice: "xiaoxiao", input: "你好，欢迎使用声坊。" }),
});
if (!answer.ok) throw new Error(await answer.text());
await writeFile("hello.mp3", new Uint8Array(await answer.arrayBuffer()));
