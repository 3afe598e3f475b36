/** The form that starts a run: data, preset and every setting. */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { messageOf } from '../../../src/errors.js';
import type { FieldValues, FormField, NewRun, Plan, Problem, TrainingForm } from '../../../src/studio/schemas.js';
import { addressOf, parseAddress, queryValue } from '../address.js';
import { checkTraining, planTraining, readForm, readRun, RequestError, startTraining } from '../api.js';
import { CommandLine } from '../commandLine.js';
import { dataName, formatNumber } from '../format.js';
import type { ViewProps } from '../view.js';
import { DataChoice } from './dataChoice.js';
import { Field, FieldGroup, fieldId, type FieldsProps } from './fields.js';
import { PlanView } from './planView.js';

/** Milliseconds without a change until the options are checked. */
const PAUSE_MS = 300;

/** Settings that most runs choose, above the others. */
const MAIN_FIELDS: readonly string[] = ['width', 'steps', 'condition'];

/** Names in the query that are no fields. */
const OWN_NAMES: readonly string[] = ['fork', 'step', 'data', 'name'];

export function StartPage({ query, onQuery, runs, onFailure }: ViewProps) {
  const form = useForm(onFailure);
  const fork = useMemo(() => forkOf(query), [query]);
  const inherited = useInherited(fork?.run, onFailure);
  const [data, setData] = queryValue(query, onQuery, 'data', fork ? (runs.get(fork.run)?.data ?? 'mnist') : 'mnist');
  const [name, setName] = queryValue(query, onQuery, 'name', freeName(data, Array.from(runs.keys())));
  const fields = useMemo(() => fieldsOf(query), [query]);
  const [isStarting, setIsStarting] = useState(false);
  const training: NewRun = { name, data, fields, ...(fork ? { fork } : {}) };
  const check = useCheck(training);
  const { problem, refuse } = check;
  const { plan, isComputing, compute } = usePlan(training, refuse);

  const change = (field: string, value: string | number | boolean | undefined): void => {
    const values = new URLSearchParams(parseAddress(location.hash).query);
    if (value === undefined) values.delete(field);
    else values.set(field, String(value));
    onQuery(values.toString());
  };
  const start = (): void => {
    setIsStarting(true);
    startTraining(training)
      .then(() => void (location.hash = addressOf('run', name)))
      .catch(refuse)
      .finally(() => setIsStarting(false));
  };
  return (
    <>
      <h1>{fork ? `Fork of ${fork.run}` : 'Start a run'}</h1>
      {fork && <ForkNote {...fork} />}
      <form
        class="start-form"
        onSubmit={(event) => {
          event.preventDefault();
          start();
        }}
      >
        <div class="stack">
          <DataChoice data={data} onData={setData} />
          {form ? (
            <SettingFields
              form={form}
              name={name}
              onName={setName}
              isFork={fork !== undefined}
              values={fields}
              inherited={inherited}
              problems={problem?.fields ?? {}}
              onChange={change}
            />
          ) : (
            <div class="frame form-skeleton" />
          )}
        </div>
        <aside class="start-summary stack" aria-label="Start and plan">
          <StartBar
            form={form}
            training={training}
            {...check}
            isStarting={isStarting}
            isComputing={isComputing}
            onPlan={compute}
          />
          {(plan ?? isComputing) && <PlanView plan={plan} />}
        </aside>
      </form>
    </>
  );
}

interface StartBarProps extends Omit<ReturnType<typeof useCheck>, 'refuse'> {
  form: TrainingForm | undefined;
  training: NewRun;
  isStarting: boolean;
  isComputing: boolean;
  onPlan: () => void;
}

function StartBar({ form, training, command, problem, isPending, isStarting, isComputing, onPlan }: StartBarProps) {
  const { name, data, fields, fork } = training;
  return (
    <div class="start-bar card stack">
      <div class="text">
        <h2>{name}</h2>
        <p class="meaning">
          {dataName(data)}, {fields.preset ?? (fork ? `as ${fork.run}` : 'the default recipe')}
        </p>
      </div>
      {problem && <ProblemSummary problem={problem} form={form} />}
      <div class="row">
        <button type="submit" id="start" class="primary grow" disabled={problem !== null || isStarting}>
          Start
        </button>
        <button
          type="button"
          id="plan"
          title="Trains two iterations, estimates time and memory, and shows the plan; writes nothing"
          disabled={problem !== null || isComputing}
          onClick={onPlan}
        >
          {isComputing ? 'Timing two iterations…' : 'Estimate time'}
        </button>
      </div>
      <CommandLine id="command" command={command || 'npx agenet train …'} isStale={problem !== null || isPending} />
    </div>
  );
}

/** The names of wrong fields, beside which their problems are, or a problem that has no field. */
function ProblemSummary({
  problem: { message, fields = {} },
  form,
}: {
  problem: Problem;
  form: TrainingForm | undefined;
}) {
  const all = form?.groups.flatMap((group) => group.fields) ?? [];
  const places = Object.keys(fields).flatMap((key): [id: string, title: string][] => {
    if (OWN_FIELDS[key]) return [OWN_FIELDS[key]];
    const field = all.find(({ name }) => name === key);
    return field ? [[fieldId(key), field.title]] : [];
  });
  return (
    <p id="problem" role="alert" class="failed">
      {places.length === 0 ? message : 'Correct '}
      {places.map(([id, title], index) => (
        <>
          {index > 0 && ', '}
          <button key={id} type="button" class="link" onClick={() => showField(id)}>
            {title}
          </button>
        </>
      ))}
      {places.length > 0 && '.'}
    </p>
  );
}

/** Elements and titles of fields that are no settings, by their names in problems. */
const OWN_FIELDS: Record<string, [id: string, title: string]> = {
  name: ['run-name', 'Name of the run'],
  data: ['data', 'Data'],
  preset: ['preset', 'Preset'],
};

function showField(id: string): void {
  const field = document.getElementById(id);
  const group = field?.closest('details');
  if (group) group.open = true;
  field?.focus();
}

interface SettingFieldsProps extends FieldsProps {
  form: TrainingForm;
  name: string;
  onName: (name: string) => void;
  isFork: boolean;
}

function SettingFields({ form, name, onName, isFork, ...shared }: SettingFieldsProps) {
  const { main, others } = useMemo(() => sortedFields(form), [form]);
  return (
    <>
      <section class="card" aria-labelledby="run-heading">
        <h2 id="run-heading">Run</h2>
        <NameField name={name} problem={shared.problems.name} onName={onName} />
        <PresetChoice
          form={form}
          value={shared.values.preset}
          isFork={isFork}
          onChange={(value) => shared.onChange('preset', value)}
        />
        {main.map((field) => (
          <Field key={field.name} field={field} {...shared} />
        ))}
      </section>
      <section class="card other-settings" aria-labelledby="others-heading">
        <h2 id="others-heading">Other settings</h2>
        {others.map((group) => (
          <FieldGroup key={group.title} group={group} {...shared} />
        ))}
      </section>
    </>
  );
}

/** The main settings in their order, and groups of the others. */
function sortedFields({ groups }: TrainingForm) {
  const all = groups.flatMap(({ fields }) => fields);
  const isOther = ({ name }: FormField): boolean => name !== 'preset' && !MAIN_FIELDS.includes(name);
  return {
    main: MAIN_FIELDS.flatMap((name) => all.find((field) => field.name === name) ?? []),
    others: groups
      .map((group) => ({ ...group, fields: group.fields.filter(isOther) }))
      .filter(({ fields }) => fields.length > 0),
  };
}

const ForkNote = ({ run, step }: NonNullable<NewRun['fork']>) => (
  <p class="meaning">
    Begins with the weights of <a href={addressOf('run', run)}>{run}</a> after iteration {formatNumber(step)}, and with
    its settings unless you change them here.
  </p>
);

function NameField({
  name,
  problem,
  onName,
}: {
  name: string;
  problem: string | undefined;
  onName: (name: string) => void;
}) {
  return (
    <div class="field">
      <label for="run-name">Name of the run</label>
      <input
        id="run-name"
        value={name}
        aria-invalid={problem !== undefined}
        aria-describedby="run-name-problem"
        onInput={({ currentTarget }) => onName(currentTarget.value)}
      />
      <p class="failed capital" id="run-name-problem">
        {problem}
      </p>
    </div>
  );
}

/** The settings of the run that a fork starts from. */
function useInherited(
  run: string | undefined,
  onFailure: (error: unknown) => void,
): Record<string, unknown> | undefined {
  const [inherited, setInherited] = useState<Record<string, unknown>>();
  useEffect(() => {
    if (run !== undefined)
      readRun(run).then(
        ({ configuration }) =>
          setInherited(configuration ? { ...configuration, ...(configuration.length as object) } : undefined),
        onFailure,
      );
  }, [run]);
  return inherited;
}

/** The plan of a run, until its settings change. */
function usePlan(training: NewRun, onFailure: (error: unknown) => void) {
  const [found, setFound] = useState<{ text: string; plan: Plan }>();
  const [isComputing, setIsComputing] = useState(false);
  const text = JSON.stringify(training);
  const compute = (): void => {
    setIsComputing(true);
    planTraining(training)
      .then((plan) => setFound({ text, plan }))
      .catch(onFailure)
      .finally(() => setIsComputing(false));
  };
  return { plan: found?.text === text ? found.plan : undefined, isComputing, compute };
}

/** Values of fields in a query. A switch has `true`. */
const fieldsOf = (query: string): FieldValues =>
  Object.fromEntries(
    Array.from(new URLSearchParams(query)).flatMap(([name, value]) =>
      OWN_NAMES.includes(name) ? [] : [[name, value === 'true' ? true : value]],
    ),
  );

function useForm(onFailure: (error: unknown) => void): TrainingForm | undefined {
  const [form, setForm] = useState<TrainingForm>();
  useEffect(() => void readForm().then(setForm, onFailure), []);
  return form;
}

/** Checks the settings after a pause, as the command line would. */
function useCheck(training: NewRun) {
  const [checked, setChecked] = useState<{ text: string; command: string; problem: Problem | null }>({
    text: '',
    command: '',
    problem: null,
  });
  const latest = useRef('');
  const text = JSON.stringify(training);
  latest.current = text;
  const settle = (problem: Problem | null, command?: string | null): void =>
    setChecked((before) => ({ text: latest.current, command: command ?? before.command, problem }));
  const refuse = (error: unknown): void => settle(problemOf(error));
  useEffect(() => {
    const timer = setTimeout(() => {
      checkTraining(JSON.parse(text) as NewRun).then(
        ({ command, problem }) => text === latest.current && settle(problem, command),
        (error: unknown) => text === latest.current && refuse(error),
      );
    }, PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return { command: checked.command, problem: checked.problem, isPending: checked.text !== text, refuse };
}

const problemOf = (error: unknown): Problem => ({
  message: messageOf(error),
  fields: error instanceof RequestError ? error.fields : {},
});

interface PresetProps {
  form: TrainingForm;
  value: string | number | boolean | undefined;
  isFork: boolean;
  onChange: (value: string | undefined) => void;
}

function PresetChoice({ form, value, isFork, onChange }: PresetProps) {
  const chosen = form.presets.find(({ name }) => name === value);
  const without = isFork ? 'The settings of the run' : 'The default recipe';
  return (
    <div class="field">
      <label for="preset">Preset</label>
      <select
        id="preset"
        value={String(value ?? '')}
        onChange={({ currentTarget }) => onChange(currentTarget.value === '' ? undefined : currentTarget.value)}
      >
        <option value="">{without}</option>
        {form.presets.map(({ name }) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
      <p class="meaning">
        {chosen?.description ??
          (isFork
            ? 'As it was trained.'
            : 'The tuned default: good images and reconstructions, with codes that fill the sphere.')}
      </p>
    </div>
  );
}

function forkOf(query: string): NewRun['fork'] {
  const values = new URLSearchParams(query);
  const [run, step] = [values.get('fork'), Number(values.get('step'))];
  return run !== null && Number.isInteger(step) ? { run, step } : undefined;
}

/** Returns `mnist-1`, or the first number that is free. */
function freeName(data: string, taken: readonly string[]): string {
  const base =
    data
      .replace(/\/+$/u, '')
      .split(/[/:]/u)
      .at(-1)!
      .replaceAll(/[^\p{L}\p{N}_.-]/gu, '-') || 'images';
  for (let number = 1; ; number++) if (!taken.includes(`${base}-${number}`)) return `${base}-${number}`;
}
