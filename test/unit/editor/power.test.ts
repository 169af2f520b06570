import { describe, expect, test } from 'vitest';
import {
  isCalm,
  linuxOnMains,
  macOnMains,
  type PowerSupply,
  windowsOnMains,
} from '../../../src/editor/power';

const battery = (status: string, scope = ''): PowerSupply => ({ type: 'Battery', status, scope });
const mains: PowerSupply = { type: 'Mains', status: '', scope: '' };

describe('Linux is on mains power', () => {
  test.each<[string, readonly PowerSupply[], boolean]>([
    ['where there is no power supply at all', [], true],
    ['on a desktop computer', [mains], true],
    ['while the battery is charged', [mains, battery('Charging')], true],
    ['when the battery is full', [battery('Full')], true],
    ['when the battery is held at its limit', [battery('Not charging')], true],
    ['but not while the battery runs down', [mains, battery('Discharging')], false],
    ['even if a mouse runs down', [battery('Discharging', 'Device')], true],
    [
      'but not while one of two batteries runs down',
      [battery('Full'), battery('Discharging')],
      false,
    ],
  ])('%s', (_, supplies, expected) => {
    expect(linuxOnMains(supplies)).toBe(expected);
  });
});

test.each<[string, string, boolean]>([
  [
    'a laptop on its charger',
    "Now drawing from 'AC Power'\n -InternalBattery-0\t100%; charged",
    true,
  ],
  ['a laptop on its battery', "Now drawing from 'Battery Power'\n -InternalBattery-0\t93%", false],
  ['a Mac mini', "Now drawing from 'AC Power'", true],
  ['a machine that says nothing', '', true],
])('macOS: %s', (_, text, expected) => {
  expect(macOnMains(text)).toBe(expected);
});

test.each<[string, boolean]>([
  ['Online\r\n', true],
  ['Offline\r\n', false],
  ['Unknown\r\n', true],
  ['', true],
])('Windows says %j', (text, expected) => {
  expect(windowsOnMains(text)).toBe(expected);
});

test.each<[number, number, boolean]>([
  [0, 2, true],
  [0.9, 2, true],
  [1.4, 2, false],
  [1.4, 8, true],
])('a load of %d on %d processors is calm: %s', (load, processors, expected) => {
  expect(isCalm(load, processors)).toBe(expected);
});
