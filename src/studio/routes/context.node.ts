import { createRoute, z, type Hook, type OpenAPIHono, type RouteConfig } from '@hono/zod-openapi';
import type { Env } from 'hono';
import { HTTPException } from 'hono/http-exception';
import type { Program } from '../commandOutput.node.js';
import type { DataSets } from '../dataSets.node.js';
import type { LiveUpdates } from '../liveUpdates.node.js';
import type { RunLibrary } from '../runLibrary.node.js';
import type { RunQueue } from '../runQueue.node.js';
import { problem } from '../schemas.js';

export interface Studio {
  /** As the studio was started with. */
  folder: string;
  library: RunLibrary;
  queue: RunQueue;
  live: LiveUpdates;
  dataSets: DataSets;
  program: Program;
}

export type AddRoutes = (app: OpenAPIHono, studio: Studio) => void;

export const runParams = z.object({ run: z.string().max(1000) });

/** @throws {HTTPException} 404 if there is no such run on the disk */
export async function requireRun({ library }: Pick<Studio, 'library'>, id: string) {
  const run = await library.find(id);
  if (run === undefined) throw new HTTPException(404, { message: 'there is no such run' });
  return run;
}

export const refuseInvalid: Hook<unknown, Env, string, unknown> = (result, context) => {
  if (result.success) return undefined;
  const issues = result.error.issues.map(({ path, message }) => ({ field: path.map(String).join('.'), message }));
  const { field, message } = issues[0] ?? { field: '', message: 'the request is invalid' };
  const fields = Object.fromEntries(
    issues.flatMap((issue) => (issue.field === '' ? [] : [[issue.field.replace(/^fields\./u, ''), issue.message]])),
  );
  return context.json({ message: field === '' ? message : `${field}: ${message}`, fields }, 400);
};

const json = <T>(schema: T) => ({ content: { 'application/json': { schema } } });
export const jsonBody = <T>(schema: T) => ({ required: true, ...json(schema) });
export const answers = <T>(schema: T, description: string) => ({ description, ...json(schema) });

const PROBLEMS = {
  400: answers(problem, 'The request contradicts its schema'),
  404: answers(problem, 'There is no such run, file or data set'),
  422: answers(problem, 'The request cannot be carried out; fields names what is wrong'),
};

/** The handler of a route with a request can also throw a problem. */
export const route = <
  Path extends string,
  Responses extends RouteConfig['responses'],
  Request extends NonNullable<RouteConfig['request']> = Record<never, never>,
>(
  method: RouteConfig['method'],
  path: Path,
  summary: string,
  responses: Responses,
  request?: Request,
) =>
  createRoute({
    ...{ method, path, summary },
    responses: request ? { ...responses, ...PROBLEMS } : responses,
    request: request!,
  });
