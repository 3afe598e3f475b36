/** The pages, and their addresses: `#/plane?data=moons`, `#/tour/3`, `#/digits`. */
import type { ComponentType } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { ExploredModel } from './explore/models.js';
import type { PageProps } from './page.js';

/** The links to them are in `index.html`, so that they are painted first. */
const PAGES: Record<string, () => Promise<ComponentType<PageProps>>> = {
  plane: async () => (await import('./plane/planePage.js')).PlanePage,
  tour: async () => (await import('./tour/tourPage.js')).TourPage,
  compare: async () => (await import('./compare/comparePage.js')).ComparePage,
  digits: async () => (await import('./digits/digitsPage.js')).DigitsPage,
  images: async () => (await import('./images/imagesPage.js')).ImagesPage,
  explore: async () => (await import('./explore/explorePage.js')).ExplorePage,
};

interface Address {
  page: string;
  /** Of a page with parts, such as `3` in `#/tour/3`. */
  path: string;
  query: string;
}

function addressOf(hash: string): Address {
  const [whole = '', query = ''] = hash.replace(/^#\/?/, '').split('?');
  const [page = '', path = ''] = whole.split('/');
  return { page: page || 'plane', path, query };
}

const UnknownPage = () => (
  <div class="unknown">
    <h1>There is no page {location.hash}</h1>
    <p>The address may be misspelled, or from another version of this site.</p>
    <p class="buttons">
      <a class="button primary" href="#/plane">
        Train in two dimensions
      </a>
      <a class="button" href="#/tour">
        Take the tour
      </a>
    </p>
  </div>
);

const load = async (page: string): Promise<ComponentType<PageProps>> =>
  Object.hasOwn(PAGES, page) ? PAGES[page]!() : UnknownPage;

export function App() {
  const [address, setAddress] = useState(() => addressOf(location.hash));
  const [Page, setPage] = useState<{ name: string; Component: ComponentType<PageProps> }>();
  const [model, setModel] = useState<ExploredModel>();
  const [failure, setFailure] = useState('');
  /** The last query of each page, which its link does not have. */
  const queries = useRef<Record<string, string>>({});
  useLayoutEffect(() => {
    // The page that is left may still write its own settings into the address.
    const follow = ({ newURL }: HashChangeEvent): void => {
      const { page, path, query } = addressOf(new URL(newURL).hash);
      setAddress({ page, path, query: query || (queries.current[page] ?? '') });
    };
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);
  useEffect(() => {
    let isLatest = true;
    for (const link of document.querySelectorAll('nav a[href^="#/"]'))
      if (link.getAttribute('href') === `#/${address.page}`) {
        link.setAttribute('aria-current', 'page');
        document.title = `${link.textContent} | agenet playground`;
        link.scrollIntoView({ block: 'nearest', inline: 'center' });
      } else link.removeAttribute('aria-current');
    setFailure('');
    load(address.page).then(
      (Component) => isLatest && setPage({ name: address.page, Component }),
      () => isLatest && setFailure('A part of this site cannot be loaded; reload the page.'),
    );
    return () => {
      isLatest = false;
    };
  }, [address.page]);
  useEffect(() => scrollTo(0, 0), [address.page, address.path]);
  // The address follows the settings without a new entry in the history.
  const onQuery = (query: string): void => {
    queries.current[address.page] = query;
    history.replaceState(null, '', `#/${address.page}${query ? `?${query}` : ''}`);
  };
  const onExplore = (explored: ExploredModel): void => {
    setModel(explored);
    location.hash = '#/explore';
  };
  return (
    <main>
      {Page?.name === address.page ? (
        <Page.Component
          key={`${address.path}?${address.query}`}
          path={address.path}
          query={address.query}
          onQuery={onQuery}
          model={model}
          onExplore={onExplore}
        />
      ) : (
        <div class={failure ? '' : 'loading'}>
          <p class={failure ? 'failed' : 'hint'} role="status">
            {failure || 'Loading…'}
          </p>
        </div>
      )}
    </main>
  );
}
