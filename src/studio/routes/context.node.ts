/** Shared by the routes of the API: the parts of the studio, and the answers to invalid requests. */
import type { Hook, OpenAPIHono } from '@hono/zod-openapi';
import type { Env } from 'hono';
import { HTTPException } from 'hono/http-exception';
import type { DataSets } from '../dataSets.node.js';
import type { LiveUpdates } from '../liveUpdates.node.js';
import type { RunLibrary } from '../runLibrary.node.js';
import { problem } from '../schemas.js';
import type { TrainingQueue } from '../trainingQueue.node.js';

export interface Studio {
  readonly folder: string;
  readonly library: RunLibrary;
  readonly queue: TrainingQueue;
  readonly live: LiveUpdates;
  readonly dataSets: DataSets;
  /** The program and its first arguments, such as `node main.js`. */
  readonly program: readonly [string, ...string[]];
}

/** Adds the routes of one part of the API. */
export type AddRoutes = (app: OpenAPIHono, studio: Studio) => void;

/** Returns the folder of a run, or answers that there is none. */
export function requireRun({ library }: Pick<Studio, 'library'>, id: string): string {
  const folder = library.folderOf(id);
  if (folder === undefined) throw new HTTPException(404, { message: 'there is no such run' });
  return folder;
}

/** Requests that contradict a schema get its message, in one line, and the field. */
export const refuseInvalid: Hook<unknown, Env, string, unknown> = (result, context) => {
  if (result.success) return undefined;
  const [issue] = result.error.issues;
  const field = issue?.path.map(String).join('.') ?? '';
  const message = issue?.message ?? 'the request is invalid';
  const fields = field === '' ? {} : { [field.replace(/^fields\./u, '')]: message };
  return context.json({ message: field === '' ? message : `${field}: ${message}`, fields }, 400);
};

/** An answer in JSON, for the description of a route. */
export const answers = <T>(schema: T, description: string) => ({
  description,
  content: { 'application/json': { schema } },
});

/** The answers of every route to wrong requests. */
export const PROBLEMS = {
  400: answers(problem, 'The request contradicts its schema'),
  404: answers(problem, 'There is no such run, file or data set'),
  422: answers(problem, 'The request cannot be carried out; fields names what is wrong'),
} as const;
