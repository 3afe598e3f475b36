import { appendFileSync, existsSync, readFileSync } from 'node:fs';

/**
 * Rows of results in a JSONL file. Each is stored as soon as it is complete, so that a measurement can be killed and
 * resumed.
 */
export class ResultRows {
  constructor(file) {
    this.file = file;
    const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
    this.rows = lines.filter(Boolean).map((line) => JSON.parse(line));
  }

  add(row) {
    this.rows.push(row);
    appendFileSync(this.file, `${JSON.stringify(row)}\n`);
  }
}
