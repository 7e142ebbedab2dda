// Nobody is signed in here: what service workers of the platform kept of whoever was is shown to nobody any more.
const registrations = (await navigator.serviceWorker?.getRegistrations()) ?? [];
for (const registration of registrations) await registration.unregister();
for (const name of (await globalThis.caches?.keys()) ?? []) await caches.delete(name);
