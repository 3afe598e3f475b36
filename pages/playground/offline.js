/**
 * The service worker: after the first visit the site works offline, and isolated from other origins, as threads require. The build puts `VERSION`, a hash of all files, and `FILES`, their paths, before
 * this script.
 */
/* global self, caches, fetch, Headers, Response, VERSION, FILES */
const PREFIX = `agenet ${self.registration.scope} `;
const CACHE = PREFIX + VERSION;

/** A response with the headers of an isolated page, which many static hosts cannot send. */
function isolated({ body, status, statusText, headers }) {
  const all = new Headers(headers);
  all.set('cross-origin-opener-policy', 'same-origin');
  all.set('cross-origin-embedder-policy', 'require-corp');
  return new Response(body, { status, statusText, headers: all });
}

self.addEventListener('install', (event) => {
  event.waitUntil(
    caches
      .open(CACHE)
      .then((cache) => cache.addAll(FILES))
      .then(() => self.skipWaiting()),
  );
});

self.addEventListener('activate', (event) => {
  // Pages that are open keep what they have loaded; their later parts come from the host.
  const isOld = (name) => name.startsWith(PREFIX) && name !== CACHE;
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(names.filter(isOld).map((name) => caches.delete(name))))
      .then(() => self.clients.claim()),
  );
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  if (request.method !== 'GET' || !request.url.startsWith(self.registration.scope)) return;
  const answer = async () => {
    const cache = await caches.open(CACHE);
    return isolated((await cache.match(request, { ignoreSearch: true })) ?? (await fetch(request)));
  };
  event.respondWith(answer());
});
