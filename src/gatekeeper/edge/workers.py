"""What becomes of a platform's service worker when the session is over that it was made in.

A worker that answers from its own cache shows a mailbox without asking anybody, so no refusal of ours is ever seen. But
browsers look for a newer worker after each page that they load (Service Workers §7.2, *Update*). Whoever may not have
the platform's gets this one: it takes the other's place at once, forgets what was kept, ends itself, and loads the open
pages anew, this time through the gate. The platform's comes back when somebody has signed in.
"""

from __future__ import annotations

STAND_ASIDE = b"""\
addEventListener("install", () => skipWaiting());
addEventListener("activate", (event) => event.waitUntil(standAside()));

async function standAside() {
  for (const name of await caches.keys()) await caches.delete(name);
  await registration.unregister();
  for (const page of await clients.matchAll({ type: "window" })) page.navigate(page.url).catch(() => {});
}
"""
