/* Passkeys belong to a host's name that is reached safely: where there is none, no button promises one. */

const named = !/^[\d.]+$|:/.test(location.hostname);
const possible = named && window.isSecureContext && window.PublicKeyCredential !== undefined;

for (const part of document.querySelectorAll("#passkey_login, [data-passkeys]")) part.hidden = !possible;
for (const part of document.querySelectorAll("[data-no-passkeys]")) part.hidden = possible;

/* Whoever closes the browser's question has decided, and nothing went wrong. */
document.addEventListener("allauth.error", (event) => event.preventDefault());
