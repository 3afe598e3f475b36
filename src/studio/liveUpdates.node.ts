/** Sends changes to pages, over one WebSocket each. */
import type { WSContext } from 'hono/ws';
import type { WebSocket } from 'ws';
import { followRequest, type LiveMessage, type ListedRun } from './schemas.js';
import { isTraining } from './states.js';
import type { FollowedLog } from './followedLog.node.js';
import type { RunLibrary } from './runLibrary.node.js';
import type { RunQueue } from './runQueue.node.js';

const INTERVAL_MS = 1000;
/** Unsent bytes after which the server disconnects a page. It connects again and reads the present state. */
const MAX_BACKLOG = 2 ** 20;

/** Where the next entries of a log begin. */
interface Position {
  /** Kept here, because the library keeps few logs. */
  readonly log: FollowedLog;
  readonly generation: number;
  readonly row: number;
}

interface Reader {
  readonly socket: WSContext<unknown>;
  follows: ReadonlySet<string>;
}

/** Refreshes the runs regularly, and sends the changes. Each message is encoded once for all readers. */
export class LiveUpdates {
  private readonly readers = new Set<Reader>();
  private readonly timer: NodeJS.Timeout;
  private readonly positions = new Map<string, Position>();
  /** The last sent summary of each run, as JSON. */
  private shown = new Map<string, string>();
  private updating: Promise<void> | undefined;

  constructor(
    private readonly library: RunLibrary,
    private readonly queue: RunQueue,
    private readonly onFailure: (error: unknown) => void,
  ) {
    this.timer = setInterval(() => {
      if (this.readers.size > 0 || !this.queue.isEmpty) this.update().catch(onFailure);
    }, INTERVAL_MS);
    this.timer.unref();
  }

  /** All runs, including runs that wait, start, or failed before they trained. */
  get summaries(): ListedRun[] {
    const runs = new Map(this.library.summaries.map((summary) => [summary.id, summary]));
    for (const pending of this.queue.summaries) runs.set(pending.id, withPending(runs.get(pending.id), pending));
    return Array.from(runs.values());
  }

  /** Returns the events of a connection. */
  connect() {
    let reader: Reader | undefined;
    return {
      onOpen: (_: Event, socket: WSContext<unknown>) =>
        void this.readers.add((reader = { socket, follows: new Set() })),
      onMessage: ({ data }: { readonly data: unknown }) => {
        const follow = typeof data === 'string' ? parseRequest(data) : undefined;
        if (follow && reader) this.follow(reader, follow).catch(this.onFailure);
      },
      onClose: () => void (reader && this.readers.delete(reader)),
      onError: () => void (reader && this.readers.delete(reader)),
    };
  }

  /** Refreshes the runs now. Concurrent calls share one refresh. */
  update(): Promise<void> {
    this.updating ??= this.refresh().finally(() => (this.updating = undefined));
    return this.updating;
  }

  close(): void {
    clearInterval(this.timer);
    // A page that does not answer would hold the server open.
    for (const { socket } of this.readers) (socket.raw as WebSocket | undefined)?.terminate();
  }

  /** Confirms a request once the page will miss no entry: it reads the log after the answer, and receives all later entries. */
  private async follow(reader: Reader, ids: readonly string[]): Promise<void> {
    reader.follows = new Set(ids);
    for (const id of ids) if (!this.positions.has(id)) await this.positionOf(id);
    reader.socket.send(JSON.stringify({ type: 'following', ids } satisfies LiveMessage));
  }

  /** Reads the log of a run, and notes its end if nobody followed it before. */
  private async positionOf(id: string): Promise<Position | undefined> {
    // The log of a run that was deleted was not cut.
    const run = await this.library.find(id);
    if (!run) return undefined;
    const log = this.positions.get(id)?.log ?? this.library.logOf(id, run.folder);
    await log.read();
    const position = { log, generation: log.generation, row: log.steps.length };
    if (!this.positions.has(id)) this.positions.set(id, position);
    return position;
  }

  private async refresh(): Promise<void> {
    await this.library.refresh();
    // A failure of the queue does not keep pages from seeing the runs.
    await this.queue.advance().catch(this.onFailure);
    const shown = new Map(this.summaries.map((summary) => [summary.id, { summary, text: JSON.stringify(summary) }]));
    const changed = Array.from(shown.values()).filter(({ summary, text }) => this.shown.get(summary.id) !== text);
    const removed = Array.from(this.shown.keys()).filter((id) => !shown.has(id));
    this.shown = new Map(Array.from(shown, ([id, { text }]) => [id, text]));
    if (changed.length > 0 || removed.length > 0)
      this.send({ type: 'runs', changed: changed.map(({ summary }) => summary), removed });
    await this.sendEntries();
  }

  private async sendEntries(): Promise<void> {
    const followed = new Set(Array.from(this.readers).flatMap(({ follows }) => Array.from(follows)));
    for (const id of this.positions.keys()) if (!followed.has(id)) this.positions.delete(id);
    for (const id of followed) {
      const position = await this.positionOf(id);
      if (!position) continue;
      const before = this.positions.get(id)!;
      this.positions.set(id, position);
      if (before.generation !== position.generation) this.send({ type: 'rewritten', id }, id);
      else if (before.row < position.row)
        this.send({ type: 'entries', id, entries: position.log.entriesFrom(before.row) }, id);
    }
  }

  /** @param id sends to the readers of this run only */
  private send(message: LiveMessage, id?: string): void {
    const text = JSON.stringify(message);
    for (const reader of this.readers) {
      if (id !== undefined && !reader.follows.has(id)) continue;
      const { socket } = reader;
      const connection = socket.raw as WebSocket | undefined;
      if ((connection?.bufferedAmount ?? 0) > MAX_BACKLOG) {
        this.readers.delete(reader);
        connection?.terminate();
      } else socket.send(text);
    }
  }
}

function withPending(run: ListedRun | undefined, pending: ListedRun): ListedRun {
  if (run === undefined) return pending;
  return isTraining(run.state) ? run : { ...run, state: pending.state, reason: pending.reason };
}

function parseRequest(text: string): readonly string[] | undefined {
  try {
    const { success, data } = followRequest.safeParse(JSON.parse(text));
    return success ? data.follow : undefined;
  } catch {
    return undefined;
  }
}
