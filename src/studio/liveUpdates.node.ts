/** What pages are sent without a request, over one WebSocket each. */
import type { WSContext } from 'hono/ws';
import type { WebSocket } from 'ws';
import { followRequest, type LiveMessage, type RunSummary } from './schemas.js';
import type { FollowedLog } from './followedLog.node.js';
import type { RunLibrary } from './runLibrary.node.js';
import type { TrainingQueue } from './trainingQueue.node.js';

/** Milliseconds between two looks at the runs. */
const INTERVAL_MS = 1000;
/** Unsent bytes of a page beyond which it is disconnected: it connects again and reads the present state. */
const MAX_BACKLOG = 2 ** 20;
/** Bytes of a message from a page. */
const MAX_REQUEST = 10_000;

/** Where in a log: entries before this row were sent. */
interface Position {
  readonly generation: number;
  readonly row: number;
}

interface Reader {
  readonly socket: WSContext<unknown>;
  follows: ReadonlySet<string>;
}

/** Looks at the runs regularly, and sends what has changed. A message is encoded once for all readers. */
export class LiveUpdates {
  private readonly readers = new Set<Reader>();
  private readonly timer: NodeJS.Timeout;
  /** What was sent of the logs that pages follow. */
  private readonly positions = new Map<string, Position>();
  private shownQueue = new Map<string, string>();
  private updating: Promise<void> | undefined;

  constructor(
    private readonly library: RunLibrary,
    private readonly queue: TrainingQueue,
    private readonly onFailure: (error: unknown) => void,
  ) {
    this.timer = setInterval(() => {
      if (this.readers.size > 0 || !this.queue.isEmpty) this.update().catch(onFailure);
    }, INTERVAL_MS);
    this.timer.unref();
  }

  /** The runs and what is queued. A run that is trained again is in both until its process has begun. */
  get summaries(): RunSummary[] {
    return Array.from(mergedById([...this.library.summaries, ...this.queue.summaries]).values());
  }

  /** The events of a connection. */
  connect() {
    let reader: Reader | undefined;
    return {
      onOpen: (_: Event, socket: WSContext<unknown>) => void this.readers.add((reader = { socket, follows: new Set() })),
      onMessage: ({ data }: { readonly data: unknown }) => {
        const follow = typeof data === 'string' && data.length <= MAX_REQUEST ? parseRequest(data) : undefined;
        if (follow && reader) this.follow(reader, follow).catch(this.onFailure);
      },
      onClose: () => void (reader && this.readers.delete(reader)),
      onError: () => void (reader && this.readers.delete(reader)),
    };
  }

  /** Looks at the runs now. Calls at the same time share one look. */
  update(): Promise<void> {
    this.updating ??= this.look().finally(() => (this.updating = undefined));
    return this.updating;
  }

  close(): void {
    clearInterval(this.timer);
    for (const { socket } of this.readers) socket.close(1001);
  }

  /** Confirms once what the page reads from now on and what it is sent leave no gap. */
  private async follow(reader: Reader, ids: readonly string[]): Promise<void> {
    reader.follows = new Set(ids);
    for (const id of ids) if (!this.positions.has(id)) await this.positionOf(id);
    reader.socket.send(JSON.stringify({ type: 'following', ids } satisfies LiveMessage));
  }

  /** Reads the log of a run, and notes up to where. */
  private async positionOf(id: string): Promise<{ readonly log: FollowedLog; readonly position: Position } | undefined> {
    const log = this.library.logOf(id);
    if (!log) return undefined;
    await log.read();
    const position = { generation: log.generation, row: log.steps.length };
    if (!this.positions.has(id)) this.positions.set(id, position);
    return { log, position };
  }

  private async look(): Promise<void> {
    const { changed, removed } = await this.library.refresh();
    await this.queue.advance();
    const queued = new Map(this.queue.summaries.map((summary) => [summary.id, summary]));
    const described = new Map(Array.from(queued, ([id, { state, reason }]) => [id, `${state} ${reason}`]));
    const differing = Array.from(queued.values()).filter(({ id }) => described.get(id) !== this.shownQueue.get(id));
    const left = Array.from(this.shownQueue.keys()).filter((id) => !queued.has(id));
    this.shownQueue = described;
    const gone = [...removed, ...left.filter((id) => !this.library.summaryOf(id))].filter((id) => !queued.has(id));
    const returned = left.flatMap((id) => this.library.summaryOf(id) ?? []);
    const current = mergedById([...changed, ...returned, ...differing]);
    if (current.size > 0 || gone.length > 0) this.send({ type: 'runs', changed: Array.from(current.values()), removed: gone });
    await this.sendEntries();
  }

  private async sendEntries(): Promise<void> {
    const followed = new Set(Array.from(this.readers).flatMap(({ follows }) => Array.from(follows)));
    for (const id of this.positions.keys()) if (!followed.has(id)) this.positions.delete(id);
    for (const id of followed) {
      const found = await this.positionOf(id);
      if (!found) continue;
      const { log, position } = found;
      const before = this.positions.get(id)!;
      this.positions.set(id, position);
      if (before.generation !== position.generation) this.send({ type: 'rewritten', id }, id);
      else if (before.row < position.row) this.send({ type: 'entries', id, entries: log.entriesFrom(before.row) }, id);
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

const mergedById = (summaries: readonly RunSummary[]): Map<string, RunSummary> => new Map(summaries.map((summary) => [summary.id, summary]));

function parseRequest(text: string): readonly string[] | undefined {
  try {
    const { success, data } = followRequest.safeParse(JSON.parse(text));
    return success ? data.follow : undefined;
  } catch {
    return undefined;
  }
}
