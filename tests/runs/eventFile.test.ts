import { describe, expect, it } from 'vitest';
import { beginningRecord, crc32c, fileVersionRecord, scalarsRecord } from '../../src/runs/eventFile.js';
import { dataOf, fieldsOf, text } from '../training/eventReader.js';

describe('an event file', () => {
  it('has the checksums of RFC 3720', () => {
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
    expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
    expect(crc32c(new TextEncoder().encode('123456789'))).toBe(0xe3069283);
  });

  it('begins with its version', () => {
    const [time, version] = fieldsOf(dataOf(fileVersionRecord(1.5)));
    expect(time).toEqual({ field: 1, value: 1.5 });
    expect([version!.field, text(version!.value)]).toEqual([3, 'brain.Event:2']);
  });

  it.each([1, 127, 128, 300, 2 ** 31, 2 ** 40])('holds scalars of iteration %i under their tags', (step) => {
    const [time, found, summary] = fieldsOf(dataOf(scalarsRecord(step, 1700000000.25, { 'encoder.KL_real': 0.5, rate: -3 })));
    expect(time).toEqual({ field: 1, value: 1700000000.25 });
    expect(found).toEqual({ field: 2, value: step });
    expect(summary!.field).toBe(5);
    const values = fieldsOf(summary!.value as Uint8Array).map(({ field, value }) => {
      const [tag, scalar] = fieldsOf(value as Uint8Array);
      return [field, tag!.field, text(tag!.value), scalar!.field, scalar!.value];
    });
    expect(values).toEqual([
      [1, 1, 'encoder.KL_real', 2, 0.5],
      [1, 1, 'rate', 2, -3],
    ]);
  });

  it('says from which iteration on what was written before does not count', () => {
    const [time, step, session] = fieldsOf(dataOf(beginningRecord(300, 2.5)));
    expect([time, step]).toEqual([
      { field: 1, value: 2.5 },
      { field: 2, value: 300 },
    ]);
    expect([session!.field, fieldsOf(session!.value as Uint8Array)]).toEqual([7, [{ field: 1, value: 1 }]]);
  });
});
