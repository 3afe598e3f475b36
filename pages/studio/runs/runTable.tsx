/** A dense table of runs, of which only the rows near the window are made. */
import type { ComponentChildren } from 'preact';
import { useRef, useState } from 'preact/hooks';
import type { ListedRun } from '../../../src/studio/schemas.js';
import { useWindowedRows } from '../../components/windowedRows.js';
import { addressOf } from '../address.js';
import { formatNumber } from '../format.js';
import { type Column, CURVE, groupText, NAME } from './columns.js';
import { RunMenu } from './runActions.js';
import { Progress, ShortFacts, StateBadge, Thumbnail } from './runFacts.js';
import type { SeedGroup } from './seeds.js';
import { Sparkline } from './sparkline.js';

/** Pixels of a row, as in the style sheet. */
const ROW = 44;

export interface Order {
  key: string;
  isDescending: boolean;
}

interface RunTableProps {
  groups: readonly SeedGroup[];
  columns: readonly Column[];
  order: Order;
  onOrder: (order: Order) => void;
  selected: ReadonlySet<string>;
  onSelect: (ids: readonly string[], isSelected: boolean) => void;
  onFailure: (error: unknown) => void;
  /** Shown below the titles. */
  children?: ComponentChildren;
}

/** A group, or one run of an opened group. */
interface Row {
  group: SeedGroup;
  isMember: boolean;
}

export function RunTable(props: RunTableProps) {
  const { groups, columns, order, onOrder, selected, onSelect, onFailure } = props;
  const box = useRef<HTMLDivElement>(null);
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set());
  const rows = groups.flatMap((group): Row[] => [
    { group, isMember: false },
    ...(group.runs.length > 1 && opened.has(group.id)
      ? group.runs.map((run): Row => ({ group: { id: run.id, name: run.id, runs: [run] }, isMember: true }))
      : []),
  ]);
  const { indices, before, after } = useWindowedRows(box, rows.length, ROW);
  const all = groups.flatMap(({ runs }) => runs.map(({ id }) => id));
  const toggle = (id: string): void =>
    setOpened((ids) => new Set(ids.has(id) ? [...ids].filter((each) => each !== id) : [...ids, id]));
  const filler = (height: number) => height > 0 && <tr aria-hidden="true" style={{ height: `${height}px` }} />;
  return (
    <div class="card table-box" ref={box} tabIndex={0} role="region" aria-label="Runs">
      <table class="run-table" aria-rowcount={rows.length + 1}>
        <thead>
          <tr aria-rowindex={1}>
            <th class="choice">
              <input
                type="checkbox"
                aria-label="Select all runs"
                checked={all.length > 0 && all.every((id) => selected.has(id))}
                onChange={({ currentTarget }) => onSelect(all, currentTarget.checked)}
              />
            </th>
            {[NAME, ...columns].map((column) => (
              <Heading
                key={column.key}
                column={column}
                isNumber={groups.some(({ runs: [run] }) => isNumeric(column, run))}
                order={order}
                onOrder={onOrder}
              />
            ))}
            <th>
              <span class="hidden">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {filler(before)}
          {indices
            .filter((index) => index < rows.length)
            .map((index) => (
              <RunRow
                key={`${rows[index]!.isMember} ${rows[index]!.group.id}`}
                index={index}
                {...rows[index]!}
                columns={columns}
                isOpen={opened.has(rows[index]!.group.id)}
                onToggle={toggle}
                selected={selected}
                onSelect={onSelect}
                onFailure={onFailure}
              />
            ))}
          {filler(after)}
        </tbody>
      </table>
      {props.children}
    </div>
  );
}

interface HeadingProps extends Pick<RunTableProps, 'order' | 'onOrder'> {
  column: Column;
  isNumber: boolean;
}

function Heading({ column, isNumber, order, onOrder }: HeadingProps) {
  const { key, title, meaning } = column;
  if (key === CURVE)
    return (
      <th scope="col" title={meaning}>
        {title}
      </th>
    );
  const isOrder = order.key === key;
  return (
    <th
      scope="col"
      class={isNumber ? 'number' : ''}
      title={meaning}
      aria-sort={isOrder ? (order.isDescending ? 'descending' : 'ascending') : 'none'}
    >
      <button
        type="button"
        class="quiet"
        onClick={() => onOrder({ key, isDescending: isOrder && !order.isDescending })}
      >
        {title}
        <span class="order" aria-hidden="true">
          {isOrder && (order.isDescending ? '↓' : '↑')}
        </span>
      </button>
    </th>
  );
}

interface RunRowProps extends Row, Pick<RunTableProps, 'columns' | 'selected' | 'onSelect' | 'onFailure'> {
  index: number;
  isOpen: boolean;
  onToggle: (id: string) => void;
}

function RunRow({ index, group, isMember, columns, isOpen, onToggle, selected, onSelect, onFailure }: RunRowProps) {
  const { name, runs } = group;
  const [run, ...others] = runs;
  const ids = runs.map(({ id }) => id);
  const isSelected = ids.every((id) => selected.has(id));
  return (
    <tr class={`${isSelected ? 'selected' : ''} ${isMember ? 'member' : ''}`} aria-rowindex={index + 2}>
      <td class="choice">
        <input
          type="checkbox"
          checked={isSelected}
          aria-label={`Select ${name}`}
          onChange={({ currentTarget }) => onSelect(ids, currentTarget.checked)}
        />
      </td>
      <th scope="row">
        <div class="named row">
          <Thumbnail run={run} />
          {others.length === 0 ? (
            <div class="ellipsis grow">
              <a href={addressOf('run', run.id)} title={run.note || undefined}>
                {name}
              </a>
              <ShortFacts run={run} />
            </div>
          ) : (
            <button type="button" class="quiet ellipsis" aria-expanded={isOpen} onClick={() => onToggle(group.id)}>
              {isOpen ? '▾' : '▸'} {name}
            </button>
          )}
        </div>
      </th>
      {columns.map((column) => (
        <td key={column.key} class={`ellipsis ${isNumeric(column, run) ? 'number' : ''}`}>
          <Cell column={column} group={group} run={run} />
        </td>
      ))}
      <td>{others.length === 0 && <RunMenu run={run} onFailure={onFailure} />}</td>
    </tr>
  );
}

function Cell({ column, group, run }: { column: Column; group: SeedGroup; run: ListedRun }) {
  if (column.key === CURVE) return <Sparkline runs={group.runs} />;
  if (group.runs.length === 1 && column.key === 'state') return <StateBadge run={run} />;
  if (group.runs.length === 1 && column.key === 'iteration')
    return isInProgress(run) ? <Progress run={run} isShort /> : <>{formatNumber(run.step)}</>;
  const text = groupText(column, group);
  return <span title={text.length > 24 ? text : undefined}>{text}</span>;
}

/** Numbers are aligned at their ends, also below their titles. */
const isNumeric = ({ valueOf, textOf }: Column, run: ListedRun): boolean =>
  textOf === undefined && typeof valueOf(run) === 'number';

const isInProgress = ({ state, totalSteps, step }: ListedRun): boolean =>
  totalSteps !== null && step < totalSteps && state !== 'finished';
