/** Sends changes to pages, over one WebSocket each. */
import type { WSContext } from 'hono/ws';
import type { WebSocket } from 'ws';
import { parseJson } from '../validation.js';
import type { FollowedLog } from './followedLog.node.js';
import type { RunLibrary } from './runLibrary.node.js';
import type { RunQueue } from './runQueue.node.js';
import { followRequest, type LiveMessage, type ListedRun } from './schemas.js';
import { isTraining } from './states.js';

const INTERVAL_MS = 1000;
/** Unsent bytes after which a page is disconnected. It then connects again. */
const MAX_BACKLOG = 2 ** 20;

/** Where the next entries begin. */
interface Position {
  /** The library keeps few logs. */
  log: FollowedLog;
  generation: number;
  row: number;
}

interface Reader {
  socket: WSContext<unknown>;
  follows: readonly string[];
}

export class LiveUpdates {
  private readonly readers = new Set<Reader>();
  private readonly timer: NodeJS.Timeout;
  private readonly positions = new Map<string, Position>();
  /** The summaries that were sent, as JSON. */
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

  get summaries() {
    const runs = new Map(this.library.summaries.map((summary) => [summary.id, summary]));
    for (const pending of this.queue.summaries) runs.set(pending.id, withPending(runs.get(pending.id), pending));
    return Array.from(runs.values());
  }

  connect() {
    let reader: Reader | undefined;
    const end = () => void (reader && this.readers.delete(reader));
    return {
      onOpen: (_: Event, socket: WSContext<unknown>) => void this.readers.add((reader = { socket, follows: [] })),
      onMessage: ({ data }: { data: unknown }) => {
        const request = typeof data === 'string' ? followRequest.safeParse(parseJson(data)).data : undefined;
        if (request && reader) this.follow(reader, request.follow).catch(this.onFailure);
      },
      onClose: end,
      onError: end,
    };
  }

  /** Concurrent calls share one refresh. */
  update() {
    this.updating ??= this.refresh().finally(() => (this.updating = undefined));
    return this.updating;
  }

  close() {
    clearInterval(this.timer);
    // A page that does not answer would hold the server open.
    for (const reader of this.readers) connectionOf(reader)?.terminate();
  }

  /** After the answer, the page reads the log; later entries are sent. */
  private async follow(reader: Reader, ids: readonly string[]) {
    reader.follows = ids;
    for (const id of ids) {
      const end = await this.readEnd(id);
      if (end && !this.positions.has(id)) this.positions.set(id, end);
    }
    reader.socket.send(JSON.stringify({ type: 'following', ids } satisfies LiveMessage));
  }

  private async readEnd(id: string): Promise<Position | undefined> {
    const run = await this.library.find(id);
    if (!run) return undefined;
    const log = this.positions.get(id)?.log ?? this.library.logOf(id, run.folder);
    await log.read();
    return { log, generation: log.generation, row: log.steps.length };
  }

  private async refresh() {
    await this.library.refresh();
    // After a failure of the queue, pages still see the runs.
    await this.queue.advance().catch(this.onFailure);
    const { summaries, shown } = this;
    this.shown = new Map(summaries.map((summary) => [summary.id, JSON.stringify(summary)]));
    const changed = summaries.filter(({ id }) => this.shown.get(id) !== shown.get(id));
    const removed = Array.from(shown.keys()).filter((id) => !this.shown.has(id));
    if (changed.length > 0 || removed.length > 0) this.send({ type: 'runs', changed, removed });
    await this.sendEntries();
  }

  private async sendEntries() {
    const followed = new Set(Array.from(this.readers).flatMap(({ follows }) => follows));
    for (const id of this.positions.keys()) if (!followed.has(id)) this.positions.delete(id);
    for (const id of followed) {
      const end = await this.readEnd(id);
      if (!end) continue;
      const { generation, row } = this.positions.get(id) ?? end;
      this.positions.set(id, end);
      if (generation !== end.generation) this.send({ type: 'rewritten', id }, id);
      else if (row < end.row) this.send({ type: 'entries', id, entries: end.log.entriesFrom(row) }, id);
    }
  }

  private send(message: LiveMessage, id?: string) {
    const text = JSON.stringify(message);
    for (const reader of this.readers) {
      if (id !== undefined && !reader.follows.includes(id)) continue;
      const connection = connectionOf(reader);
      if ((connection?.bufferedAmount ?? 0) > MAX_BACKLOG) {
        this.readers.delete(reader);
        connection?.terminate();
      } else reader.socket.send(text);
    }
  }
}

const connectionOf = ({ socket }: Reader) => socket.raw as WebSocket | undefined;

function withPending(run: ListedRun | undefined, pending: ListedRun) {
  if (run === undefined) return pending;
  return isTraining(run.state) ? run : { ...run, state: pending.state, reason: pending.reason };
}
