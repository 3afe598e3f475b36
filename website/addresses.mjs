/** Addresses of the site. Sources have them from its root; files have relative ones, so that they work under any path. */
import { dirname, relative } from 'node:path/posix';

/** The parts of the site. */
export const PARTS = { Guides: '/guides/', API: '/api/', Gallery: '/gallery.html', Playground: '/playground/' };

/**
 * Returns the address of a file of the site as a page has it.
 * @param address from the root of the site, possibly with an anchor
 * @param page the file of the page, from the root of the site
 */
export function relativeAddress(address, page) {
  const [path, anchor = ''] = address.split(/(?=#)/u);
  const found = relative(dirname(page), path);
  const folder = path.endsWith('/') ? `${found || '.'}/` : found;
  return folder + anchor;
}

/** Replaces the addresses in the attributes of a page. */
export const withRelativeAddresses = (html, page) =>
  html.replaceAll(
    / (href|src|data-[a-z]+)="(\/[^"]*)"/gu,
    (_, name, address) => ` ${name}="${relativeAddress(address, page)}"`,
  );
