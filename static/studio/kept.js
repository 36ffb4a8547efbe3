// What the studio takes up when it is opened: {text, voice, emotion, intensity, speed, pitch}, for this tab alone.
const KEPT = "voxhouse.studio";

export const kept = () => JSON.parse(sessionStorage.getItem(KEPT) ?? "{}");
export const keep = (values) => sessionStorage.setItem(KEPT, JSON.stringify(values));
