import { describe, expect, test } from 'vitest';
import { ImportIndex } from '../../../src/completion/missingImports';
import { languageOf } from '../../../src/util/language';
import { documentAtCursor } from '../../helpers/documentAtCursor';

function indexOf(files: Readonly<Record<string, string>>, repository = 'repository'): ImportIndex {
  const index = new ImportIndex();
  for (const [path, text] of Object.entries(files)) index.update(fileOf(path, text, repository));
  return index;
}

function fileOf(path: string, text: string, repository = 'repository') {
  const uri = `file:///${repository}/${path}`;
  return { uri, path, repository, languageId: languageOf(path), text };
}

/** What is proposed at `█` in the file at `path`. */
function missing(index: ImportIndex, path: string, marked: string): readonly string[] {
  const { uri, repository, languageId } = fileOf(path, '');
  return index.missing(documentAtCursor(marked, { uri, path, repository, languageId }));
}

describe('in TypeScript', () => {
  const index = indexOf({
    'src/shapes/point.ts': 'export class Point {}\nexport type XY = { x: number };\n',
    'src/shapes/line.ts': "import { Point } from './point';\nimport type { XY } from './point';\n",
    'src/circle.ts':
      "import { Point } from './shapes/point';\nimport * as path from 'node:path';\n",
    'src/area.ts': "import { area, type Unit } from '@math/area';\nimport assert from 'assert';\n",
    'src/log.ts': 'export function log(): void {}\nexport function warn(): void {}\n',
    'src/main.ts': "import { log } from './log.js';\n",
  });

  test.each([
    [
      'as others write it',
      'src/a.ts',
      '█\nnew Point();',
      "import { Point } from './shapes/point';",
    ],
    [
      'from another folder',
      'test/a.ts',
      '█\nlet p: XY;',
      "import type { XY } from '../src/shapes/point';",
    ],
    [
      'from the same folder',
      'src/shapes/a.ts',
      '█\nlet p: XY;',
      "import type { XY } from './point';",
    ],
    [
      'the rest of one begun',
      'src/a.ts',
      'import { Point█\nnew Point();',
      " } from './shapes/point';",
    ],
    [
      'a package',
      'lib/a.ts',
      '█\narea(a as Unit);',
      "import { area, type Unit } from '@math/area';",
    ],
    ['some of the names', 'lib/a.ts', '█\narea();', "import { area } from '@math/area';"],
    ['a default', 'src/a.ts', '█\nassert(true);', "import assert from 'assert';"],
    [
      'where a name comes from that is not used yet',
      'src/a.ts',
      'import assert █',
      "from 'assert';",
    ],
    ['the same within the quotes', 'src/a.ts', "import assert from '█", "assert';"],
    ['the same for a list', 'test/a.ts', 'import type { XY } █', "from '../src/shapes/point';"],
    ['a namespace', 'src/a.ts', '█\npath.join();', "import * as path from 'node:path';"],
    ['what nobody imports yet', 'src/a.ts', '█\nwarn();', "import { warn } from './log.js';"],
    [
      'names in their order',
      'lib/a.ts',
      '█\nlog(warn());',
      "import { log, warn } from '../src/log.js';",
    ],
  ])('%s', (_, path, marked, expected) => {
    expect(missing(index, path, marked)[0]).toBe(expected);
  });

  test.each([
    ['what the file has', "import { Point } from './shapes/point';\n█\nnew Point();"],
    ['what it declares', '█\nclass Point {}\nnew Point();'],
    ['what is only mentioned', '█\n// Point\nthis.Point = "Point";'],
    ['what nobody knows', '█\nnew Unheard();'],
    ['where an unknown name comes from', 'import unheard █'],
    ['another module than the one that was begun', "import assert from 'node:█"],
    ['anything in the middle of code', 'call();\n█\nnew Point();'],
    ['anything within a function', 'function f() {\n  █\n  new Point();\n}'],
    ['anything before other text', '█ x;\nnew Point();'],
  ])('but not %s', (_, marked) => {
    expect(missing(index, 'src/a.ts', marked)).toEqual([]);
  });

  test('no file imports from itself', () => {
    expect(missing(index, 'src/log.ts', '█\nwarn();')).toEqual([]);
  });

  test('names of a list that has been begun, in their place', () => {
    const marked = "import {\n  log,\n  █\n} from './log.js';\nlog(warn(area()));\n";
    expect(missing(index, 'src/a.ts', marked)).toEqual(['warn,']);
  });

  test('the line that begins a list, and the one that ends it', () => {
    const below = "  log,\n  warn,\n} from './log.js';\nlog(warn());\n";
    expect(missing(index, 'src/a.ts', `█\n${below}`)).toEqual(['import {']);
    const above = 'import {\n  log,\n█\nlog();\n';
    expect(missing(index, 'src/a.ts', above)).toEqual(["} from './log.js';"]);
  });

  test('follows what files say now', () => {
    const changing = indexOf({ 'src/log.ts': 'export function log(): void {}' });
    changing.update(fileOf('src/b.ts', "import { log } from './log';"));
    expect(missing(changing, 'src/a.ts', '█\nlog();')).toEqual(["import { log } from './log';"]);
    changing.update(fileOf('src/b.ts', "import { log } from './log.js';"));
    expect(missing(changing, 'src/a.ts', '█\nlog();')).toEqual(["import { log } from './log.js';"]);
    changing.remove(fileOf('src/b.ts', '').uri);
    expect(missing(changing, 'src/a.ts', '█\nlog();')).toEqual([]);
  });

  test('another root gives packages, but no paths', () => {
    const other = indexOf(
      { 'src/b.ts': "import { log } from './log';\nimport { area } from '@math/area';" },
      'other',
    );
    expect(missing(other, 'src/a.ts', '█\nlog(area());')).toEqual([
      "import { area } from '@math/area';",
    ]);
  });
});

test('in JavaScript with require', () => {
  const index = indexOf({ 'lib/a.js': "const fs = require('fs')\nconst { b } = require('./b')\n" });
  expect(missing(index, 'lib/c.js', '█\nfs.open()')).toEqual(["const fs = require('fs')"]);
  expect(missing(index, 'test/c.js', 'con█\nb()')).toEqual(["st { b } = require('../lib/b')"]);
});

describe('in Python', () => {
  const index = indexOf({
    'app/models.py': 'class User:\n    pass\n\nlimit = 3\n',
    'app/views.py':
      'import json\nimport numpy as np\nfrom typing import Any, TypeVar\nfrom .models import User\n',
  });

  test.each([
    ['a module', 'app/a.py', '█\njson.loads(x)\n', 'import json'],
    ['a module by another name', 'app/a.py', '█\nnp.zeros(3)\n', 'import numpy as np'],
    ['a module nobody has used', 'app/a.py', '█\nitertools.chain(x)\n', 'import itertools'],
    ['names', 'app/a.py', '█\ndef f(a: Any) -> T: ...\n', 'from typing import Any'],
    ['from the same folder', 'app/a.py', '█\nUser()\n', 'from .models import User'],
    ['from a folder below', 'app/sub/a.py', '█\nUser()\n', 'from ..models import User'],
    ['what nobody imports yet', 'app/a.py', '█\nprint(limit)\n', 'from .models import limit'],
    ['the rest of one begun', 'app/a.py', 'from ty█\nx: Any = 1\n', 'ping import Any'],
    [
      'a name of a list',
      'app/a.py',
      'from typing import (\n    Any,\n    █\n)\nTypeVar("T")\n',
      'TypeVar,',
    ],
  ])('%s', (_, path, marked, expected) => {
    expect(missing(index, path, marked)[0]).toBe(expected);
  });
});
