/** The script of every page: copies code, shows pictures, follows the reader, opens the search, and works offline. */
import '../../pages/components/font.css';
import '../../pages/components/design.css';
import '../css/site.css';
import '../css/guide.css';
import '../css/gallery.css';
import { followReader } from './contents.js';
import { addCopyButtons } from './copy.js';
import { openPictures } from './viewer.js';

/** The address of the site's root, from which the pages have relative addresses. */
const searchButton = document.querySelector<HTMLButtonElement>('#search-button')!;
const root = new URL(searchButton.dataset.root!, document.baseURI).href;

addCopyButtons();
openPictures();
followReader();

// It works from here on.
searchButton.hidden = false;
const openSearch = async (): Promise<void> => (await import('./search.js')).openSearch(root);
searchButton.addEventListener('click', () => void openSearch());
addEventListener('keydown', (event) => {
  const isShortcut = event.key === '/' || (event.key === 'k' && (event.ctrlKey || event.metaKey));
  if (!isShortcut || (event.target instanceof HTMLElement && event.target.matches('input, select, textarea'))) return;
  event.preventDefault();
  void openSearch();
});

/** The network information of Chromium, which the types of the platform lack. */
const { connection } = navigator as { connection?: { saveData: boolean } };

/** Keeps the whole site for later visits, after this page has what it needs. Not for visitors who save data. */
function keepSite(): void {
  if ('serviceWorker' in navigator && connection?.saveData !== true)
    void navigator.serviceWorker.register(`${root}offline.js`).catch(() => undefined);
}
if (import.meta.env.PROD) addEventListener('load', () => setTimeout(keepSite, 1000));
