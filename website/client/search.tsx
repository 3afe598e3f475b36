/** The search in the sections of all guides and the names of the API. It runs in the page. */
import MiniSearch, { type SearchResult } from 'minisearch';
import { render } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';

/** As `website/build.mjs` writes it. */
interface Section {
  title: string;
  /** The guide or module that it is part of. */
  place: string;
  /** Sentences, which results show. */
  text: string;
  /** Tables and code. */
  more: string;
  /** Relative to the root of the site. */
  address: string;
}

const MAX_RESULTS = 12;
/** Characters of a section before and after the word that was found. */
const [BEFORE, AFTER] = [40, 120];

async function loadSections(root: string): Promise<{ index: MiniSearch; sections: readonly Section[] }> {
  const sections = (await (await fetch(`${root}search.json`)).json()) as Section[];
  const index = new MiniSearch({
    fields: ['title', 'text', 'more'],
    // Names such as KL_fake and loadModel are found by their parts too.
    tokenize: (text) => text.split(/[^\p{L}\p{N}_]+/u).flatMap((word) => [word, ...word.split(/_|(?=\p{Lu}\p{Ll})/u)]),
    searchOptions: {
      boost: { title: 4, more: 0.5 },
      prefix: true,
      fuzzy: (term) => (term.length > 4 ? 0.2 : false),
      combineWith: 'AND',
    },
  });
  index.addAll(sections.map((section, id) => ({ id, ...section })));
  return { index, sections };
}

/** The sentences around the first word that was found, or the first sentences if it is in a table. */
function excerpt(text: string, { terms }: SearchResult): string {
  const lower = text.toLowerCase();
  const places = terms.map((term) => lower.indexOf(term)).filter((place) => place >= 0);
  const place = places.length === 0 ? 0 : Math.min(...places);
  const start = place <= BEFORE ? 0 : text.lastIndexOf(' ', place - BEFORE) + 1;
  const end = text.indexOf(' ', place + AFTER);
  return `${start > 0 ? '… ' : ''}${end < 0 ? text.slice(start) : `${text.slice(start, end)} …`}`;
}

/** A text with the words that were found. Marks of one or two letters would be everywhere. */
function Marked({ text, terms }: { text: string; terms: readonly string[] }) {
  const marked = terms.filter((term) => term.length > 2);
  if (marked.length === 0) return <>{text}</>;
  const parts = text.split(new RegExp(`(${marked.join('|')})`, 'giu'));
  // Every second part was found.
  return <>{parts.map((part, index) => (index % 2 === 1 ? <mark key={index}>{part}</mark> : part))}</>;
}

type Loaded = Awaited<ReturnType<typeof loadSections>>;

function Search({ root }: { root: string }) {
  const [loaded, setLoaded] = useState<Loaded>();
  const [failed, setFailed] = useState(false);
  const [query, setQuery] = useState('');
  const [chosen, setChosen] = useState(0);
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => void loadSections(root).then(setLoaded, () => setFailed(true)), []);
  const results = useMemo(() => loaded?.index.search(query).slice(0, MAX_RESULTS) ?? [], [loaded, query]);
  const move = (step: number): void => {
    const next = Math.min(Math.max(chosen + step, 0), results.length - 1);
    setChosen(next);
    list.current?.children[next]?.scrollIntoView({ block: 'nearest' });
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'Enter') list.current?.querySelectorAll('a')[chosen]?.click();
    else if (event.key === 'ArrowDown') move(1);
    else if (event.key === 'ArrowUp') move(-1);
    else return;
    event.preventDefault();
  };
  return (
    <>
      <input
        type="text"
        role="combobox"
        aria-label="Search the guides and the API"
        aria-expanded={results.length > 0}
        aria-controls="results"
        aria-activedescendant={results.length > 0 ? `result-${chosen}` : undefined}
        placeholder="Search the guides and the API"
        autocomplete="off"
        spellcheck={false}
        value={query}
        onInput={({ currentTarget }) => {
          setQuery(currentTarget.value);
          setChosen(0);
        }}
        onKeyDown={onKeyDown}
      />
      <div id="results" role="listbox" aria-label="Results" ref={list} hidden={results.length === 0}>
        {results.map((result, index) => {
          const { title, place, text, address } = loaded!.sections[result.id as number]!;
          return (
            <a
              key={address}
              id={`result-${index}`}
              role="option"
              aria-selected={index === chosen}
              tabIndex={-1}
              href={root + address}
              onClick={() => dialog().close()}
            >
              <strong>
                <Marked text={title} terms={result.terms} />
              </strong>{' '}
              <small>{place}</small>
              <span>
                <Marked text={excerpt(text, result)} terms={result.terms} />
              </span>
            </a>
          );
        })}
      </div>
      <Status
        state={failed ? 'failed' : loaded ? 'loaded' : 'loading'}
        query={query.trim()}
        count={results.length}
        root={root}
      />
    </>
  );
}

interface StatusProps {
  state: 'loading' | 'loaded' | 'failed';
  query: string;
  /** Of results. */
  count: number;
  root: string;
}

/** One line below the results, or in their place. */
function Status({ state, query, count, root }: StatusProps) {
  const isEmpty = state === 'loaded' && query !== '' && count === 0;
  return (
    <p role="status" class={state === 'failed' ? 'failed' : 'hint'}>
      {state === 'failed' && 'The search cannot be loaded; check the connection.'}
      {state === 'loading' && 'Loading the search…'}
      {isEmpty && (
        <>
          Nothing found for “{query}”. Try fewer words, or look through <a href={`${root}guides/`}>the guides</a> and{' '}
          <a href={`${root}api/`}>the API</a>.
        </>
      )}
      {state === 'loaded' && !isEmpty && (
        <span class="keys">
          <kbd>↑</kbd> <kbd>↓</kbd> select, <kbd>Enter</kbd> opens, <kbd>Esc</kbd> closes
        </span>
      )}
    </p>
  );
}

const dialog = (): HTMLDialogElement => document.querySelector<HTMLDialogElement>('#search-dialog')!;

/** Opens the search. @param root the address of the site's root */
export function openSearch(root: string): void {
  if (document.querySelector('#search-dialog') === null) {
    const element = document.createElement('dialog');
    element.id = 'search-dialog';
    element.setAttribute('aria-label', 'Search');
    // A click beside the box hits the dialog itself.
    element.addEventListener('click', ({ target }) => target === element && element.close());
    const box = document.createElement('div');
    element.append(box);
    document.body.append(element);
    render(<Search root={root} />, box);
  }
  if (!dialog().open) dialog().showModal();
  dialog().querySelector('input')!.select();
}
