import { init, use } from 'echarts/core';
import { BarChart } from 'echarts/charts';
import { GridComponent, MarkLineComponent, TitleComponent } from 'echarts/components';
import { SVGRenderer } from 'echarts/renderers';
import type { JudgedRow } from './row.js';

use([BarChart, GridComponent, MarkLineComponent, TitleComponent, SVGRenderer]);

const WIDTH = 900;
const ROW_HEIGHT = 30;
const MARGIN = 96;
const MET = '#2f855a';
const MISSED = '#c05621';
/** Figures far beyond their target would press all others into a corner. */
const MOST = 300;

/**
 * How far each figure that has a target reaches it, in percent: 100 is the target, more is better, whichever way
 * the figure itself points.
 */
export function attainment(row: JudgedRow): number | undefined {
  if (!row.target) return undefined;
  const reached = row.target.of === 'ratio' ? row.ratio?.median : row.summary.median;
  if (reached === undefined) return undefined;
  // A target of none at all.
  if (row.target.value === 0) return reached === 0 ? 100 : 0;
  return 100 * (row.target.better === 'higher' ? reached / row.target.value : row.target.value / reached);
}

/** An SVG of all figures that have a target; undefined if none has. */
export function chart(rows: JudgedRow[], subtitle: string): string | undefined {
  const bars = rows.flatMap((row) => {
    const reached = attainment(row);
    return reached === undefined ? [] : [{ row, reached }];
  });
  if (bars.length === 0) return undefined;
  // Bars are drawn from below.
  bars.reverse();
  const svg = init(null, undefined, {
    renderer: 'svg',
    ssr: true,
    width: WIDTH,
    height: MARGIN + ROW_HEIGHT * bars.length,
  });
  svg.setOption({
    animation: false,
    backgroundColor: '#ffffff',
    title: { text: 'Temposlice: figures against their targets', subtext: subtitle, left: 16 },
    grid: { left: 330, right: 60, top: 64, bottom: 32 },
    xAxis: { type: 'value', min: 0, max: MOST, axisLabel: { formatter: '{value}%' } },
    yAxis: { type: 'category', data: bars.map(({ row }) => row.name), axisTick: { show: false } },
    series: [
      {
        type: 'bar',
        data: bars.map(({ row, reached }) => ({
          value: Math.min(reached, MOST),
          itemStyle: { color: row.met ? MET : MISSED },
          label: { show: true, position: 'right', formatter: `${Math.round(reached)}%` },
        })),
        markLine: {
          symbol: 'none',
          data: [{ xAxis: 100, label: { formatter: 'target' }, lineStyle: { color: '#2d3748' } }],
        },
      },
    ],
  });
  const text = svg.renderToSVGString();
  svg.dispose();
  return text;
}
