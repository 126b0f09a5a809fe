// Passkeys (WebAuthn Level 3). A form with data-passkey="get" or "create" on its submit
// button asks the browser for a passkey first: the options come from data-options, the
// answer travels in the form's hidden field "credential", and the form is then submitted
// as usual. Without this script the buttons stay hidden and the other factors work.
"use strict";
(function () {
  if (!window.PublicKeyCredential || !navigator.credentials) return;
  const bytes = (s) => Uint8Array.from(atob(s.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const text = (b) => btoa(String.fromCharCode(...new Uint8Array(b))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const list = (l) => (l || []).map((c) => ({ ...c, id: bytes(c.id) }));

  async function ask(kind, options) {
    const o = options.publicKey;
    o.challenge = bytes(o.challenge);
    if (kind === "create") {
      o.user.id = bytes(o.user.id);
      o.excludeCredentials = list(o.excludeCredentials);
      const c = await navigator.credentials.create({ publicKey: o });
      return { id: c.id, rawId: text(c.rawId), type: c.type, clientExtensionResults: c.getClientExtensionResults(),
        response: { clientDataJSON: text(c.response.clientDataJSON), attestationObject: text(c.response.attestationObject),
          transports: c.response.getTransports ? c.response.getTransports() : [] } };
    }
    o.allowCredentials = list(o.allowCredentials);
    const c = await navigator.credentials.get({ publicKey: o });
    return { id: c.id, rawId: text(c.rawId), type: c.type, clientExtensionResults: c.getClientExtensionResults(),
      response: { clientDataJSON: text(c.response.clientDataJSON), authenticatorData: text(c.response.authenticatorData),
        signature: text(c.response.signature), userHandle: c.response.userHandle ? text(c.response.userHandle) : undefined } };
  }

  for (const part of document.querySelectorAll("[data-passkey-part]")) part.hidden = false;
  for (const form of document.querySelectorAll("form[data-passkey-form]")) {
    form.addEventListener("submit", async (event) => {
      const button = event.submitter;
      if (!button || !button.dataset.passkey || form.elements.credential.value) return;
      event.preventDefault();
      const trouble = form.querySelector("[data-passkey-trouble]");
      if (trouble) trouble.hidden = true;
      try {
        const answer = await fetch(button.dataset.options, { method: "POST", headers: { Accept: "application/json" }, credentials: "same-origin" });
        if (!answer.ok) throw new Error("options");
        form.elements.credential.value = JSON.stringify(await ask(button.dataset.passkey, await answer.json()));
        form.submit();
      } catch {
        if (trouble) trouble.hidden = false;
      }
    });
  }
})();
