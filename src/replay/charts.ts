/**
 * The pictures of a replay's report as SVG, drawn by Apache ECharts without a browser: what was kept,
 * how that went over time, what became of what was shown. Colours tell arms apart for people who see
 * few colours too (after Okabe and Ito), and are dark enough for white letters and a white page.
 */
import { BarChart, LineChart } from 'echarts/charts';
import { GridComponent, LegendComponent, TitleComponent } from 'echarts/components';
import { type EChartsCoreOption, init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import type { ArmName } from './measures';
import type { ReplayReport } from './report';

use([...[BarChart, LineChart], ...[GridComponent, LegendComponent, TitleComponent, SVGRenderer]]);

/** As SVG, to stand in a page. */
export interface Charts {
  readonly kept: string;
  readonly overTime: string;
  readonly outcomes: string;
}

const colours: Readonly<Record<ArmName, string>> = {
  none: '#6b6b6b',
  cache: '#0072b2',
  reward: '#b35900',
  all: '#00765a',
};
/** Arms that came to the same lie on one line: each is dashed otherwise, so that all can be seen. */
const dashes: Readonly<Record<ArmName, 'solid' | readonly number[]>> = {
  none: 'solid',
  cache: [14, 6],
  reward: [7, 5],
  all: [2, 5],
};
const symbols: Readonly<Record<ArmName, string>> = {
  none: 'circle',
  cache: 'rect',
  reward: 'triangle',
  all: 'diamond',
};
const outcomeColours = {
  accepted: '#00765a',
  refused: '#b34700',
  'neither taken nor refused': '#6b6b6b',
} as const;
const ink = '#333333';
const font = 'Helvetica, Arial, sans-serif';
const width = 720;

export function drawCharts(report: ReplayReport): Charts {
  return {
    kept: draw(keptChart(report), 60 + 62 * armsOf(report).length),
    overTime: draw(timeChart(report), 360),
    outcomes: draw(outcomesChart(report), 110 + 50 * armsOf(report).length),
  };
}

function armsOf(report: ReplayReport): ArmName[] {
  return (Object.keys(colours) as ArmName[]).filter((name) => report.arms[name] !== undefined);
}

/** Characters kept of 1,000 written, an arm a bar. */
function keptChart(report: ReplayReport): EChartsCoreOption {
  const arms = armsOf(report);
  return {
    ...base('Characters accepted and kept, of 1,000 written'),
    grid: { left: 80, right: 70, top: 50, bottom: 10 },
    xAxis: { type: 'value', show: false },
    yAxis: { type: 'category', data: arms, inverse: true, ...plainAxis },
    series: [
      {
        type: 'bar',
        barWidth: '58%',
        data: arms.map((name) => ({
          value: round(report.arms[name]?.retainedPer1000 ?? 0),
          itemStyle: { color: colours[name], borderRadius: [0, 4, 4, 0] },
        })),
        label: { show: true, position: 'right', color: ink, fontSize: 14, fontWeight: 600 },
      },
    ],
  };
}

/** The same up to each tenth of the decisions, so that learning shows as a line that goes on rising. */
function timeChart(report: ReplayReport): EChartsCoreOption {
  const arms = armsOf(report);
  let decisions = 0;
  const ends = report.overTime.map((slice) => (decisions += slice.decisions));
  return {
    ...base('Over time: accepted and kept of 1,000 written so far'),
    legend: { top: 34, left: 12, textStyle: { color: ink }, data: arms },
    grid: { left: 56, right: 24, top: 74, bottom: 48 },
    xAxis: {
      type: 'category',
      data: ends,
      name: 'decisions',
      nameLocation: 'middle',
      nameGap: 30,
      ...plainAxis,
    },
    yAxis: { type: 'value', ...plainAxis, splitLine: { lineStyle: { color: '#e4e4e4' } } },
    series: arms.map((name) => {
      let retained = 0;
      let written = 0;
      return {
        type: 'line',
        name,
        smooth: 0.2,
        symbol: symbols[name],
        symbolSize: 8,
        lineStyle: { width: 3, type: dashes[name] },
        color: colours[name],
        data: report.overTime.map((slice) => {
          retained += slice.arms[name]?.retained ?? 0;
          written += slice.written;
          return written === 0 ? 0 : round((1000 * retained) / written);
        }),
      };
    }),
  };
}

/** What became of what was shown, and so how often an arm was silent. */
function outcomesChart(report: ReplayReport): EChartsCoreOption {
  const arms = armsOf(report);
  const counts = arms.map((name) => {
    const { shown = 0, accepted = 0, refused = 0 } = report.arms[name] ?? {};
    return { accepted, refused, 'neither taken nor refused': shown - accepted - refused };
  });
  return {
    ...base(`What became of it, in ${report.decisions} decisions`),
    legend: { top: 34, left: 12, textStyle: { color: ink } },
    grid: { left: 80, right: 24, top: 74, bottom: 26 },
    xAxis: { type: 'value', max: report.decisions, ...plainAxis, splitLine: { show: false } },
    yAxis: { type: 'category', data: arms, inverse: true, ...plainAxis },
    series: (Object.keys(outcomeColours) as (keyof typeof outcomeColours)[]).map((name) => ({
      type: 'bar',
      name,
      stack: 'outcome',
      barWidth: '58%',
      color: outcomeColours[name],
      label: { show: true, color: '#ffffff', formatter: labelOf },
      data: counts.map((count) => count[name]),
    })),
  };
}

function labelOf({ value }: { readonly value: number }): string {
  return value === 0 ? '' : String(value);
}

const plainAxis = {
  axisLine: { show: false },
  axisTick: { show: false },
  axisLabel: { color: ink, fontSize: 13 },
  nameTextStyle: { color: ink },
} as const;

function base(title: string): EChartsCoreOption {
  return {
    animation: false,
    backgroundColor: '#ffffff',
    textStyle: { fontFamily: font },
    title: { text: title, left: 12, top: 10, textStyle: { color: ink, fontSize: 16 } },
  };
}

function draw(option: EChartsCoreOption, height: number): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width, height });
  chart.setOption(option);
  const svg = chart.renderToSVGString();
  chart.dispose();
  return forPage(svg);
}

/** Without what only a page with scripts has use for, and what the library numbers on and on. */
function forPage(svg: string): string {
  return svg
    .replace(/<style[\s\S]*?<\/style>\s*/g, '')
    .replace(/ class="zr[^"]*"/g, '')
    .replace(/ ecmeta_\w+="[^"]*"/g, '')
    .replace(/\bzr\d+-/g, 'zr-');
}

function round(value: number): number {
  return Number(value.toFixed(1));
}
