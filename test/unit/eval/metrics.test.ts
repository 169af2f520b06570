import { expect, test } from 'vitest';
import { marksOf } from '../../../tools/eval/metrics';

test('the line that was written is exact, whatever blanks end it', () => {
  expect(marksOf('load(id);  ', 'load(id);')).toEqual({ exact: true, similarity: 1, saved: 9 });
  expect(marksOf('', 'load(id);')).toEqual({ exact: false, similarity: 0, saved: 0 });
  expect(marksOf('load(id);\nnext', 'load(id);').exact).toBe(true);
});

test('similarity is one less the edits for each character of the longer text', () => {
  expect(marksOf('load(key);', 'load(id);').similarity).toBeCloseTo(0.7, 10);
});

test('what is saved is what taking word by word gives', () => {
  expect(marksOf('load(items)', 'load(item)').saved).toBe('load('.length);
  expect(marksOf('load(item, 2)', 'load(item)').saved).toBe('load(item'.length);
  expect(marksOf('loader', 'load').saved).toBe(0);
  expect(marksOf('load', 'load(item)').saved).toBe(4);
});

test('behind closers, what accepting a text leaves is judged, and what it says is saved', () => {
  expect(marksOf('id)', 'id);', 'id)')).toMatchObject({ exact: false, saved: 3 });
  expect(marksOf('id, key', 'id, key)', 'id, key)')).toEqual({
    exact: true,
    similarity: 1,
    saved: 7,
  });
  expect(marksOf('id)', 'id)', 'id))').exact).toBe(false);
});
