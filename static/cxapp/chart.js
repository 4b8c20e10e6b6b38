// Draws every [data-chart] with uPlot. The figures come from the json_script of the same id (core.charts.Chart.data).

const drawn = new Set();
const locale = document.documentElement.lang || "en";
// Steps of an axis that counts things.
const WHOLE = [1, 2, 5].flatMap((digit) => Array.from({ length: 10 }, (_, power) => digit * 10 ** power)).sort((a, b) => a - b);
const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function formatter(currency) {
  if (!currency) return (value) => new Intl.NumberFormat(locale).format(value);
  const money = new Intl.NumberFormat(locale, { style: "currency", currency });
  const minor = 10 ** money.resolvedOptions().maximumFractionDigits;
  return (value) => money.format(value / minor);
}

function axisFormatter(currency) {
  const options = { notation: "compact", maximumFractionDigits: 1 };
  if (!currency) return (value) => new Intl.NumberFormat(locale, options).format(value);
  const digits = new Intl.NumberFormat(locale, { style: "currency", currency }).resolvedOptions().maximumFractionDigits;
  const money = new Intl.NumberFormat(locale, { ...options, style: "currency", currency, minimumFractionDigits: 0 });
  return (value) => money.format(value / 10 ** digits);
}

function path(kind) {
  if (kind === "bars") return uPlot.paths.bars({ size: [0.7, 40], radius: 0.15 });
  if (kind === "steps") return uPlot.paths.stepped({ align: 1 });
  return uPlot.paths.spline();
}

function seriesOptions(line, colour) {
  const isBars = line.kind === "bars";
  return {
    label: line.label,
    stroke: isBars ? undefined : colour,
    width: line.compared ? 1.5 : 2,
    dash: line.compared ? [5, 5] : undefined,
    fill: isBars ? colour : line.kind === "area" && !line.compared ? `${colour}22` : undefined,
    paths: path(line.kind),
    points: { show: false },
    spanGaps: false,
  };
}

function legend(target, data, colours, format) {
  const box = document.createElement("div");
  box.className = "cx-legend";
  const day = document.createElement("span");
  const values = data.series.map((line, i) => {
    const item = document.createElement("span");
    const dot = document.createElement("i");
    dot.style.background = colours[i];
    const value = document.createElement("strong");
    item.append(dot, line.label, value);
    return [item, value];
  });
  box.append(...values.map(([item]) => item), day);
  target.before(box);
  const days = new Intl.DateTimeFormat(locale, { ...(data.grain === "month" ? { month: "long", year: "numeric" } : { dateStyle: "medium" }), timeZone: "UTC" });
  return (plot) => {
    const at = plot.cursor.idx;
    const shown = at !== null && at !== undefined;
    day.textContent = shown ? days.format(data.at[at] * 1000) : "";
    values.forEach(([, value], i) => {
      const figure = shown ? data.series[i].values[at] : null;
      value.textContent = figure === null ? "" : format(figure);
    });
  };
}

function draw(target) {
  const data = JSON.parse(document.getElementById(target.dataset.chart).textContent);
  const palette = [css("--cx-accent"), css("--cx-success-fg"), css("--cx-warning-fg"), css("--cx-danger-fg")];
  const colours = data.series.map((line, i) => (line.compared ? css("--cx-compared") : palette[i % palette.length]));
  const grid = { stroke: css("--cx-line"), width: 1 };
  const axis = { stroke: css("--cx-muted"), font: `12px ${getComputedStyle(document.body).fontFamily}`, ticks: { show: false } };
  const days = new Intl.DateTimeFormat(locale, { ...(data.grain === "month" ? { month: "short" } : { day: "numeric", month: "short" }), timeZone: "UTC" });
  const bars = data.series.some((line) => line.kind === "bars");
  const step = data.at.length > 1 ? data.at[1] - data.at[0] : 86400;
  const onAxis = axisFormatter(data.currency);
  const setCursor = legend(target, data, colours, formatter(data.currency));
  const plot = new uPlot(
    {
      width: target.clientWidth,
      height: target.clientHeight,
      tzDate: (at) => uPlot.tzDate(new Date(at * 1e3), "Etc/UTC"),
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
      scales: { x: { range: (_plot, low, high) => (bars ? [low - step / 2, high + step / 2] : [low, high]) }, y: { range: (_plot, low, high) => [Math.min(0, low), high > 0 ? high * 1.1 : 1] } },
      hooks: { setCursor: [setCursor] },
      axes: [
        { ...axis, grid: { show: false }, space: 70, size: 30, ...(data.grain === "month" ? { splits: () => data.at } : {}), values: (_plot, splits) => splits.map((at) => days.format(at * 1000)) },
        { ...axis, grid, size: 64, space: 40, ...(data.currency ? {} : { incrs: WHOLE }), values: (_plot, splits) => splits.map((v) => onAxis(v)) },
      ],
      series: [{}, ...data.series.map((line, i) => seriesOptions(line, colours[i]))],
    },
    [data.at, ...data.series.map((line) => line.values)],
    target,
  );
  const resize = new ResizeObserver(() => plot.setSize({ width: target.clientWidth, height: target.clientHeight }));
  resize.observe(target);
  drawn.add({ target, forget: () => { resize.disconnect(); plot.destroy(); target.previousElementSibling?.remove(); } });
}

function drawAll() {
  for (const chart of drawn) chart.forget();
  drawn.clear();
  document.querySelectorAll("[data-chart]").forEach(draw);
}

drawAll();
document.addEventListener("cx:theme", drawAll);
