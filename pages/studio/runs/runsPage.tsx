/** All runs of the folder: filtered, sorted, grouped, and selected. The address keeps all of this. */
import { useMemo } from 'preact/hooks';
import { Segments } from '../../components/controls.js';
import { Menu } from '../../components/menu.js';
import { formatRuns, parseRuns, queryValue } from '../address.js';
import { formatNumber } from '../format.js';
import type { ViewProps } from '../view.js';
import { type Column, columnGroups, type ColumnGroup, DEFAULT_COLUMNS, NAME, sortGroups } from './columns.js';
import { filterOf, filterProblem } from './filter.js';
import { Gallery } from './gallery.js';
import { GroupSeeds } from './groupSeeds.js';
import { Selection } from './runActions.js';
import { type Order, RunTable } from './runTable.js';
import { alone, groupSeeds } from './seeds.js';

const VIEWS = { table: 'Table', gallery: 'Gallery' } as const;

/** The newest change first. */
const DEFAULT_ORDER = '-updated';

export function RunsPage({ query, onQuery, runs, state, onFailure }: ViewProps) {
  const [search, setSearch] = queryValue(query, onQuery, 'search');
  const [sorting, setSorting] = queryValue(query, onQuery, 'sort', DEFAULT_ORDER);
  const [columnList, setColumnList] = queryValue(query, onQuery, 'columns', DEFAULT_COLUMNS);
  const [grouping, setGrouping] = queryValue(query, onQuery, 'group');
  const [view, setView] = queryValue(query, onQuery, 'view', 'table');
  const [selection, setSelection] = queryValue(query, onQuery, 'selected');
  const all = useMemo(() => Array.from(runs.values()), [runs]);
  const offered = useMemo(() => columnGroups(all), [all]);
  const isGrouped = grouping === 'seed';
  const order = orderOf(sorting);
  const groups = useMemo(() => {
    const found = all.filter(filterOf(search));
    const column = columnNamed(offered, order.key) ?? columnNamed(offered, 'updated')!;
    return sortGroups((isGrouped ? groupSeeds : alone)(found), column, order.isDescending);
  }, [all, offered, search, isGrouped, sorting]);
  const selected = useMemo(() => new Set(parseRuns(selection)), [selection]);
  const shown = columnList.split(',').flatMap((key) => columnNamed(offered, key) ?? []);
  const select = (ids: readonly string[], isSelected: boolean): void =>
    setSelection(formatRuns([...Array.from(selected).filter((id) => !ids.includes(id)), ...(isSelected ? ids : [])]));
  const listed = { selected, onSelect: select, onFailure };
  if (runs.size === 0) return state === 'connecting' ? null : <Welcome />;
  const found = groups.reduce((count, group) => count + group.runs.length, 0);
  const problem = found === 0 ? filterProblem(search, all) : '';
  const none = found === 0 && <NoMatch onClear={() => setSearch('')} />;
  return (
    <>
      <header class="row between">
        <h1>Runs</h1>
        <StartLink />
      </header>
      <div class="toolbar filters" role="search">
        <input
          id="search"
          type="search"
          aria-label="Filter runs"
          value={search}
          placeholder="Filter: words, width=32, fid<10"
          aria-invalid={problem !== ''}
          aria-describedby="found"
          onInput={({ currentTarget }) => setSearch(currentTarget.value)}
        />
        <GroupSeeds
          title="Runs that differ only in their seeds become one row, with the mean and standard deviation of numbers"
          isGrouped={isGrouped}
          onChange={setGrouping}
        />
        <Segments label="View" names={VIEWS} chosen={view === 'gallery' ? view : 'table'} onChoose={setView} />
        {view !== 'gallery' && (
          <ColumnMenu offered={offered} shown={shown} onChange={(keys) => setColumnList(keys.join(','))} />
        )}
        <span id="found" class={problem ? 'failed' : 'meaning'} role="status">
          {problem || countText(found, runs.size)}
        </span>
      </div>
      {view === 'gallery' ? (
        none || <Gallery runs={groups.flatMap((group) => group.runs)} {...listed} />
      ) : (
        <RunTable
          groups={groups}
          columns={shown}
          order={order}
          onOrder={({ key, isDescending }) => setSorting(`${isDescending ? '-' : ''}${key}`)}
          {...listed}
        >
          {none}
        </RunTable>
      )}
      {selected.size > 0 && (
        <Selection
          runs={all.filter(({ id }) => selected.has(id))}
          isGrouped={isGrouped}
          onClear={() => setSelection('')}
          onFailure={onFailure}
        />
      )}
    </>
  );
}

const countText = (found: number, all: number): string =>
  `${found === all ? '' : `${formatNumber(found)} of `}${formatNumber(all)} runs`;

const orderOf = (sorting: string): Order => ({
  key: sorting.replace(/^-/u, ''),
  isDescending: sorting.startsWith('-'),
});

const columnNamed = (groups: readonly ColumnGroup[], key: string): Column | undefined =>
  [NAME, ...groups.flatMap(({ columns }) => columns)].find((column) => column.key === key);

interface ColumnMenuProps {
  offered: readonly ColumnGroup[];
  shown: readonly Column[];
  onChange: (keys: readonly string[]) => void;
}

const ColumnMenu = ({ offered, shown, onChange }: ColumnMenuProps) => {
  const keys = shown.map(({ key }) => key);
  return (
    <Menu label="Columns" staysOpen>
      {() =>
        offered.flatMap(({ title, columns }) => [
          <p key={title} class="meaning">
            {title}
          </p>,
          ...columns.map(({ key, title: name }) => (
            <label key={`${title} ${key}`}>
              <input
                type="checkbox"
                checked={keys.includes(key)}
                onChange={({ currentTarget }) =>
                  onChange(currentTarget.checked ? [...keys, key] : keys.filter((each) => each !== key))
                }
              />
              {name}
              {name !== key && title !== 'Run' && <code class="meaning">{key}</code>}
            </label>
          )),
        ])
      }
    </Menu>
  );
};

const NoMatch = ({ onClear }: { onClear: () => void }) => (
  <div class="empty">
    <p>No run matches the filter.</p>
    <button type="button" onClick={onClear}>
      Clear filter
    </button>
  </div>
);

const StartLink = () => (
  <a class="button primary" href="#/start">
    Start a run
  </a>
);

const Welcome = () => (
  <div class="empty">
    <h1>No runs yet</h1>
    <p>
      A run trains two networks on images: a generator, which maps points of a sphere to images, and an encoder, which
      maps images to points of the sphere. You can watch both compete, and then draw samples, reconstruct images and
      walk between them.
    </p>
    <p>
      <StartLink />
    </p>
  </div>
);
