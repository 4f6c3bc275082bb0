"use strict";
// Draws the charts, in the colours of the page; makes them usable without a mouse, and printable.
(async () => {
  // The plotting library is in the page as base64 of gzip.
  const unpack = async (text) => {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    const script = document.createElement("script");
    script.textContent = await new Response(stream).text();
    document.head.append(script);
  };

  const dark = matchMedia("(prefers-color-scheme: dark)");
  const print = matchMedia("print");
  const charts = [...document.querySelectorAll("figure.chart")].map((figure) => ({
    area: figure.querySelector(".drawing"),
    told: figure.querySelector(".told"),
    plot: JSON.parse(figure.querySelector("script").textContent),
    drawn: false,
    at: null,
  }));
  let printing = false;

  const colours = () =>
    dark.matches && !printing
      ? { ink: "#e6e8eb", grid: "#343a42", label: "#262b31" }
      : { ink: "#1c2024", grid: "#dde1e6", label: "#ffffff" };

  const themed = (layout) => {
    const { ink, grid, label } = colours();
    const axes = {};
    for (const name of Object.keys(layout).filter((name) => /^[xy]axis/.test(name))) {
      axes[name] = { ...layout[name], gridcolor: grid, linecolor: grid, zerolinecolor: grid };
    }
    const font = { family: "system-ui, sans-serif", size: 13, color: ink };
    const hoverlabel = { bgcolor: label, bordercolor: grid, align: "left", font: { ...font, size: 12 } };
    return { ...layout, ...axes, font, hoverlabel };
  };

  // What a label says, as plain text: its markup is ours, its entities are the user's characters.
  const plain = (label) => {
    const lines = label.replace(/<br>/g, "\n").replace(/<\/?i>/g, "");
    const letters = { "&lt;": "<", "&gt;": ">", "&amp;": "&" };
    return lines.replace(/&(lt|gt|amp);/g, (entity) => letters[entity]);
  };

  const visible = (chart) => chart.area.offsetParent !== null;

  // Points by trace, those that tell nothing left out; a heat map is read row by row.
  const places = (chart) =>
    chart.plot.data.map((trace, curve) => {
      if (trace.hoverinfo === "skip" || !Array.isArray(trace.hovertext)) return [];
      if (trace.type !== "heatmap") return trace.hovertext.map((_, point) => ({ curveNumber: curve, pointNumber: point }));
      return trace.hovertext.flatMap((row, r) => row.map((_, c) => ({ curveNumber: curve, pointNumber: [r, c] })));
    }).filter((points) => points.length > 0);

  // Labels the point that the keyboard is at, if it is at one.
  const label = (chart) => {
    if (chart.at) Plotly.Fx.hover(chart.area, [places(chart)[chart.at.trace][chart.at.point]]);
  };

  const draw = (chart) => {
    const { data, layout, config } = chart.plot;
    const width = printing ? 660 : undefined;
    const sized = { ...themed(layout), ...(width ? { width, autosize: false } : {}) };
    // Drawing again takes the label away that the keyboard has brought.
    if (chart.drawn) return Plotly.react(chart.area, data, sized, config).then(() => label(chart));
    chart.drawn = true;
    return Plotly.newPlot(chart.area, data, sized, config).then(() => {
      chart.area.on("plotly_hover", (event) => {
        const text = event.points[0].hovertext || event.points[0].text || "";
        chart.told.textContent = plain(String(text));
      });
      // A pointer that rests while the page scrolls below it takes the keyboard's label away.
      chart.area.on("plotly_unhover", () => label(chart));
      label(chart);
    });
  };

  const drawAll = () => charts.filter(visible).forEach(draw);

  const move = (chart, key) => {
    const traces = places(chart);
    if (traces.length === 0) return;
    let { trace, point } = chart.at || { trace: 0, point: -1 };
    const step = { ArrowRight: 1, ArrowLeft: -1 }[key];
    if (step) point = (point + step + traces[trace].length) % traces[trace].length;
    if (key === "Home") point = 0;
    if (key === "End") point = traces[trace].length - 1;
    const turn = { ArrowDown: 1, ArrowUp: -1 }[key];
    if (turn) trace = (trace + turn + traces.length) % traces.length;
    point = Math.max(0, Math.min(point, traces[trace].length - 1));
    chart.at = { trace, point };
    label(chart);
    const { curveNumber, pointNumber } = traces[trace][point];
    const labels = chart.plot.data[curveNumber].hovertext;
    const text = Array.isArray(pointNumber) ? labels[pointNumber[0]][pointNumber[1]] : labels[pointNumber];
    chart.told.textContent = plain(text);
  };

  const leave = (chart) => {
    chart.at = null;
    chart.told.textContent = "";
    if (chart.drawn) Plotly.Fx.unhover(chart.area);
  };

  // Of several charts one is shown at a time.
  const choosers = [...document.querySelectorAll("[data-chooser]")].map((panels) => {
    const chooser = document.getElementById(panels.dataset.chooser);
    const figures = [...panels.querySelectorAll("figure.chart")];
    const choose = () => figures.forEach((figure, place) => { figure.hidden = place !== chooser.selectedIndex; });
    choose();
    return { panels, chooser, choose };
  });

  if (typeof DecompressionStream === "undefined") {
    const lacking = "Charts need a browser of 2023 or later. Their numbers are in the tables.";
    for (const { told } of charts) told.textContent = lacking;
    return;
  }
  await unpack(document.getElementById("library").textContent);

  for (const chart of charts) {
    chart.area.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.altKey || event.metaKey) return;
      if (event.key === "Escape") {
        leave(chart);
        chart.area.blur();
      } else if (["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End"].includes(event.key)) {
        event.preventDefault();
        move(chart, event.key);
      }
    });
    chart.area.addEventListener("blur", () => leave(chart));
  }

  for (const { panels, chooser, choose } of choosers) {
    chooser.addEventListener("change", () => {
      choose();
      charts.filter((chart) => visible(chart) && panels.contains(chart.area)).forEach(draw);
    });
  }

  const opened = [];
  const toPaper = (on) => {
    if (on === printing) return;
    printing = on;
    if (on) {
      for (const details of document.querySelectorAll("details:not([open])")) {
        if (details.querySelectorAll("tr").length > 200) continue;
        details.open = true;
        opened.push(details);
      }
    } else {
      opened.splice(0).forEach((details) => { details.open = false; });
    }
    drawAll();
  };
  dark.addEventListener("change", drawAll);
  print.addEventListener("change", (event) => toPaper(event.matches));
  addEventListener("beforeprint", () => toPaper(true));
  addEventListener("afterprint", () => toPaper(false));

  drawAll();
})();
