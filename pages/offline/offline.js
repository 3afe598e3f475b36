/**
 * The service worker: after the first visit the site works offline, and isolated from other origins, as threads
 * require. The build puts `VERSION`, a hash of all files, and `FILES`, their paths, before this script.
 */
/* global self, caches, fetch, Headers, Request, Response, VERSION, FILES */
const PREFIX = `agenet ${self.registration.scope} `;
const CACHE = PREFIX + VERSION;
/** Files that the build names after their content. */
const HASHED = /(?:^|\/)assets\/[\w.-]+-[\w-]{8}\.\w+$/u;

/** A response with the headers of an isolated page, which many static hosts cannot send. */
function isolated(response) {
  const { body, status, statusText, headers } = response;
  // A redirection that the browser follows itself.
  if (status === 0) return response;
  const all = new Headers(headers);
  all.set('cross-origin-opener-policy', 'same-origin');
  all.set('cross-origin-embedder-policy', 'require-corp');
  return new Response(body, { status, statusText, headers: all });
}

self.addEventListener('install', (event) => {
  event.waitUntil(
    caches
      .open(CACHE)
      // The browser itself may keep older ones, except under names that change with the content.
      .then((cache) =>
        cache.addAll(FILES.map((file) => new Request(file, { cache: HASHED.test(file) ? 'default' : 'reload' }))),
      )
      .then(() => self.skipWaiting()),
  );
});

/** Keeps the version before this one, from which pages that are open load their later parts. */
async function deleteOld() {
  const old = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== CACHE);
  await Promise.all(old.slice(0, -1).map((name) => caches.delete(name)));
}

self.addEventListener('activate', (event) => {
  event.waitUntil(deleteOld().then(() => self.clients.claim()));
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  if (request.method !== 'GET' || !request.url.startsWith(self.registration.scope)) return;
  const answer = async () => {
    const cache = await caches.open(CACHE);
    const stored =
      (await cache.match(request, { ignoreSearch: true })) ?? (await caches.match(request, { ignoreSearch: true }));
    return isolated(stored ?? (await fetch(request)));
  };
  event.respondWith(answer());
});
