/** The live connection to the server. */
import { useEffect, useState } from 'preact/hooks';
import type { LiveMessage, ListedRun } from '../../src/studio/schemas.js';
import { readRuns, RequestError } from './api.js';

/** Milliseconds until the first and the last attempts to connect again. */
const [FIRST_RETRY, LAST_RETRY] = [500, 8000];

type Listener = (message: LiveMessage) => void;
type RunsMessage = Extract<LiveMessage, { type: 'runs' }>;
type Runs = ReadonlyMap<string, ListedRun>;

function withChanges(runs: Runs, { changed, removed }: RunsMessage): Runs {
  const next = new Map(runs);
  for (const id of removed) next.delete(id);
  for (const run of changed) next.set(run.id, run);
  return next;
}

/** Connects again after each loss. */
class LiveConnection {
  runs: Runs = new Map();
  /**
   * `connecting` until the first list of runs, `behind` while the connection is lost, `refused` if the studio has
   * another token now.
   */
  state: 'connecting' | 'live' | 'behind' | 'refused' = 'connecting';
  private socket: WebSocket | undefined;
  private retry = FIRST_RETRY;
  /** Changes since the list was requested, which may be older than they are. */
  private changes: RunsMessage[] = [];
  private readonly listeners = new Set<Listener>();
  private readonly watchers = new Set<() => void>();
  private readonly followed = new Map<string, number>();

  /** Calls a function after each change of `runs` and `state`. Returns a function that ends this. */
  watch(watcher: () => void): () => void {
    this.watchers.add(watcher);
    if (this.socket === undefined) this.connect();
    return () => void this.watchers.delete(watcher);
  }

  /** Receives new entries of a run, after a message `following`. Returns a function that ends this. */
  follow(id: string, listener: Listener): () => void {
    let connection: WebSocket | undefined;
    const own: Listener = (message) => {
      if ('id' in message ? message.id !== id : message.type !== 'following' || !message.ids.includes(id)) return;
      // It is repeated whenever another run is followed.
      if (message.type === 'following' && connection === this.socket) return;
      connection = this.socket;
      listener(message);
    };
    this.listeners.add(own);
    this.followed.set(id, (this.followed.get(id) ?? 0) + 1);
    this.sendFollowed();
    return () => {
      this.listeners.delete(own);
      const count = this.followed.get(id)! - 1;
      if (count === 0) this.followed.delete(id);
      else this.followed.set(id, count);
      this.sendFollowed();
    };
  }

  private connect(): void {
    const socket = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/api/live`);
    this.socket = socket;
    socket.addEventListener('open', () => {
      this.retry = FIRST_RETRY;
      this.sendFollowed();
      this.changes = [];
      // Without a connection, changes were missed.
      readRuns().then(
        (runs) => this.update(this.changes.reduce(withChanges, new Map(runs.map((run) => [run.id, run]))), 'live'),
        () => socket.close(),
      );
    });
    socket.addEventListener('message', ({ data }: MessageEvent<string>) =>
      this.receive(JSON.parse(data) as LiveMessage),
    );
    socket.addEventListener('close', () => {
      if (this.state !== 'refused') this.update(this.runs, 'behind');
      // A socket does not say why it was closed.
      readRuns().catch((error: unknown) => {
        if (error instanceof RequestError && error.status === 401) this.update(this.runs, 'refused');
      });
      setTimeout(() => this.connect(), this.retry);
      this.retry = Math.min(2 * this.retry, LAST_RETRY);
    });
  }

  private receive(message: LiveMessage): void {
    if (message.type === 'runs') {
      if (this.state !== 'live') this.changes.push(message);
      this.update(withChanges(this.runs, message), this.state);
    } else for (const listener of this.listeners) listener(message);
  }

  private sendFollowed(): void {
    if (this.socket?.readyState === WebSocket.OPEN)
      this.socket.send(JSON.stringify({ follow: Array.from(this.followed.keys()) }));
  }

  private update(runs: Runs, state: LiveConnection['state']): void {
    this.runs = runs;
    this.state = state;
    for (const watcher of this.watchers) watcher();
  }
}

export const live = new LiveConnection();

/** All runs, and the state of the connection. */
export function useRuns(): Pick<LiveConnection, 'runs' | 'state'> {
  const [shown, setShown] = useState({ runs: live.runs, state: live.state });
  useEffect(() => live.watch(() => setShown({ runs: live.runs, state: live.state })), []);
  return shown;
}
