"use strict";
// Five explorers on the stored predictions of predictions.js (made by `python -m tools.explorers`).

function unpacked({ type, bytes }) {
  const raw = Uint8Array.from(atob(bytes), (sign) => sign.charCodeAt(0));
  return new { uint8: Uint8Array, int16: Int16Array, float32: Float32Array }[type](raw.buffer);
}
const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;
const share = (part, whole) => (whole ? part / whole : NaN);
const shown = (value, digits = 3) => (Number.isFinite(value) ? value.toFixed(digits) : "not defined");

// ---- what is computed, without the page; the tests compare it with Python
const compute = {
  window({ level, width }) {
    const hu = unpacked(STORED.window.hu), low = level - width / 2;
    const gray = Float64Array.from(hu, (v) => Math.min(1, Math.max(0, (v - low) / width)));
    return { gray, black: mean(gray.map((g) => +(g === 0))), white: mean(gray.map((g) => +(g === 1))) };
  },
  kspace({ lines, which }) {
    const stored = STORED.kspace, n = stored.real.shape[0], re = unpacked(stored.real), im = unpacked(stored.imaginary);
    const middle = [...Array(n).keys()].sort((a, b) => Math.abs(a - n / 2) - Math.abs(b - n / 2));
    const kept = (which === "middle" ? middle : [...unpacked(stored.order)]).slice(0, lines);
    // Whole lines are measured, so the image is filtered along one axis: a circular convolution of each column.
    const c = new Float64Array(n), s = new Float64Array(n);
    for (let d = 0; d < n; d++) for (const k of kept) {
      const angle = (2 * Math.PI * (k - n / 2) * d) / n;
      c[d] += Math.cos(angle) / n;
      s[d] += Math.sin(angle) / n;
    }
    const part = new Float64Array(n * n), full = new Float64Array(n * n);
    for (let x = 0; x < n; x++) for (let i = 0; i < n; i++) {
      let a = 0, b = 0;
      for (let j = 0; j < n; j++) {
        const d = (i - j + n) % n, p = j * n + x;
        a += c[d] * re[p] - s[d] * im[p];
        b += c[d] * im[p] + s[d] * re[p];
      }
      part[i * n + x] = Math.hypot(a, b);
      full[i * n + x] = Math.hypot(re[i * n + x], im[i * n + x]);
    }
    const wrong = full.reduce((sum, v, p) => sum + (v - part[p]) ** 2, 0), power = full.reduce((sum, v) => sum + v * v, 0);
    const peak = Math.max(...full);
    return { full, part, acceleration: n / lines, nmse: wrong / power, psnr: wrong / power < 1e-10 ? NaN : 10 * Math.log10((peak * peak * n * n) / wrong) };
  },
  threshold({ threshold, prevalence }) {
    const truth = unpacked(STORED.threshold.truth), score = unpacked(STORED.threshold.score);
    const count = [[0, 0], [0, 0]];
    score.forEach((v, i) => { count[truth[i]][+(v >= threshold)] += 1; });
    const sensitivity = share(count[1][1], count[1][0] + count[1][1]), specificity = share(count[0][0], count[0][0] + count[0][1]);
    const p = prevalence / 100, found = p * sensitivity, alarmed = (1 - p) * (1 - specificity);
    const cleared = (1 - p) * specificity, missed = p * (1 - sensitivity);
    return { sensitivity, specificity, ppv: share(found, found + alarmed), npv: share(cleared, cleared + missed), count,
      people: { found: 1000 * found, alarmed: 1000 * alarmed, cleared: 1000 * cleared, missed: 1000 * missed }, ...roc(truth, score) };
  },
  overlap({ image, threshold, shift, grow }) {
    const stored = STORED.overlap, [, h, w] = stored.truth.shape, from = image * h * w;
    const truth = unpacked(stored.truth).slice(from, from + h * w), maps = unpacked(stored.probability).slice(from, from + h * w);
    const raw = Uint8Array.from(maps, (p) => +(p >= threshold)), moved = new Uint8Array(h * w);
    for (let y = 0; y < h; y++) for (let x = 0; x < w; x++)
      if (x - shift >= 0 && x - shift < w) moved[y * w + x] = raw[y * w + x - shift];
    let mask = moved;
    for (let k = 0; k < Math.abs(grow); k++) mask = step(mask, h, w, grow > 0);
    let both = 0, total = 0;
    truth.forEach((t, p) => { both += t & mask[p]; total += t + mask[p]; });
    return { truth, mask, dice: total ? (2 * both) / total : 1, hd95: hd95(truth, mask, h, w, stored.spacing),
      pixels: mask.reduce((a, b) => a + b, 0), reference: truth.reduce((a, b) => a + b, 0) };
  },
  calibration({ temperature, referred }) {
    const truth = unpacked(STORED.calibration.truth);
    const p = Float64Array.from(unpacked(STORED.calibration.logit), (x) => 1 / (1 + Math.exp(-x / temperature)));
    const gap = (bins) => {
      const sums = Array.from({ length: bins }, () => ({ n: 0, p: 0, ill: 0 }));
      p.forEach((v, i) => {
        const bin = sums[Math.min(bins - 1, Math.floor(v * bins))];
        bin.n += 1; bin.p += v; bin.ill += truth[i];
      });
      return sums;
    };
    const kept = [...p.keys()].sort((a, b) => Math.abs(p[b] - 0.5) - Math.abs(p[a] - 0.5) || a - b);
    kept.length = Math.round(p.length * (1 - referred / 100));
    return { brier: mean(p.map((v, i) => (v - truth[i]) ** 2)), ece: gap(15).reduce((sum, b) => sum + Math.abs(b.p - b.ill), 0) / p.length,
      kept: kept.length, accuracy: mean(kept.map((i) => +(+(p[i] >= 0.5) === truth[i]))), groups: gap(10).filter((b) => b.n) };
  },
};

function roc(truth, score) {
  const order = [...score.keys()].sort((a, b) => score[b] - score[a]), ill = truth.reduce((a, b) => a + b, 0);
  const points = [[0, 0]];
  let hits = 0, alarms = 0, auc = 0;
  order.forEach((i, k) => {
    if (truth[i]) hits += 1; else alarms += 1;
    if (k + 1 < order.length && score[order[k + 1]] === score[i]) return; // ties are passed together
    const last = points[points.length - 1], next = [alarms / (truth.length - ill), hits / ill];
    auc += ((next[0] - last[0]) * (next[1] + last[1])) / 2;
    points.push(next);
  });
  return { points, auc };
}

const NEIGHBORS = [[0, 1], [0, -1], [1, 0], [-1, 0]];
function step(mask, h, w, grow) {
  // One pixel more or less along rows and columns; what is beyond the image counts as outside.
  return mask.map((v, p) => {
    const around = NEIGHBORS.map(([dy, dx]) => {
      const y = Math.floor(p / w) + dy, x = (p % w) + dx;
      return y >= 0 && y < h && x >= 0 && x < w ? mask[y * w + x] : 0;
    });
    return grow ? +(v || around.some(Boolean)) : +(v && around.every(Boolean));
  });
}

function hd95(one, other, h, w, [sy, sx]) {
  const edge = (mask) => {
    const inner = step(mask, h, w, false);
    return [...mask.keys()].filter((p) => mask[p] && !inner[p]).map((p) => [Math.floor(p / w) * sy, (p % w) * sx]);
  };
  const a = edge(one), b = edge(other);
  if (!a.length || !b.length) return NaN;
  const far = (from, to) => {
    const d = from.map(([y, x]) => Math.min(...to.map(([v, u]) => Math.hypot(y - v, x - u)))).sort((m, n) => m - n);
    const at = 0.95 * (d.length - 1), low = Math.floor(at), high = Math.ceil(at);
    return d[low] + (at - low) * (d[high] - d[low]);
  };
  return Math.max(far(a, b), far(b, a));
}

// ---- what is drawn
function paint(canvas, gray, words) {
  const about = canvas.getContext("2d"), data = about.createImageData(canvas.width, canvas.height);
  gray.forEach((g, p) => data.data.set([255 * g, 255 * g, 255 * g, 255], 4 * p));
  about.putImageData(data, 0, 0);
  canvas.setAttribute("aria-label", words);
}
function rows(section, pairs) {
  section.querySelector("table").innerHTML = pairs
    .map(([name, text]) => `<tr><th scope="row">${name}</th><td>${text}</td></tr>`).join("");
  section.querySelector("[role=status]").textContent = pairs.map(([name, text]) => `${name} ${text}`).join(", ");
}
function chart(svg, { line = [], marks = [], x, y, words }) {
  const at = ([a, b]) => `${40 + 240 * a},${255 - 240 * b}`;
  const dots = marks.map((m) => { const [cx, cy] = at(m).split(","); return `<circle cx="${cx}" cy="${cy}" r="6" fill="var(--two)"/>`; });
  svg.innerHTML = `<rect x="40" y="15" width="240" height="240" fill="none" stroke="var(--line)"/>
    <polyline points="${at([0, 0])} ${at([1, 1])}" stroke="var(--line)" stroke-dasharray="4 4" fill="none"/>
    <polyline points="${line.map(at).join(" ")}" stroke="var(--one)" stroke-width="2.5" fill="none"/>${dots.join("")}
    <text x="160" y="290" text-anchor="middle">${x}</text><text transform="translate(14 135) rotate(-90)" text-anchor="middle">${y}</text>
    <text x="40" y="272" text-anchor="middle">0</text><text x="280" y="272" text-anchor="middle">1</text><text x="33" y="20" text-anchor="end">1</text>`;
  svg.setAttribute("aria-label", words);
}
function outline(about, mask, h, w, scale, color, dash) {
  about.beginPath();
  for (let y = 0; y < h; y++) for (let x = 0; x < w; x++) {
    if (!mask[y * w + x]) continue;
    for (const [dy, dx] of NEIGHBORS) {
      const inside = y + dy >= 0 && y + dy < h && x + dx >= 0 && x + dx < w && mask[(y + dy) * w + x + dx];
      if (inside) continue;
      const [px, py] = [x + (dx > 0), y + (dy > 0)];
      about.moveTo(px * scale, py * scale);
      about.lineTo((px + (dx === 0)) * scale, (py + (dy === 0)) * scale);
    }
  }
  Object.assign(about, { strokeStyle: color, lineWidth: 2.5 });
  about.setLineDash(dash);
  about.stroke();
}

const draw = {
  window(section, set) {
    const r = compute.window(set);
    paint(section.querySelector("canvas"), r.gray, `CT slice from ${set.level - set.width / 2} HU, black, to ${set.level + set.width / 2} HU, white`);
    section.querySelector("figcaption").textContent = `Black: ${set.level - set.width / 2} HU and below. White: ${set.level + set.width / 2} HU and above.`;
    rows(section, [["pixels that are black", `${(100 * r.black).toFixed(1)} %`], ["pixels that are white", `${(100 * r.white).toFixed(1)} %`]]);
  },
  kspace(section, set) {
    const r = compute.kspace(set), peak = Math.max(...r.full);
    for (const name of ["full", "part"])
      paint(section.querySelector(`[data-of=${name}]`), r[name].map((v) => Math.min(1, v / peak)), name === "full" ? "Brain slice from all lines of k-space" : `The slice from ${set.lines} lines`);
    rows(section, [["acceleration", shown(r.acceleration, 1)], ["NMSE of the magnitude", shown(r.nmse, 4)], ["PSNR, dB", Number.isFinite(r.psnr) ? shown(r.psnr, 1) : "no error"]]);
  },
  threshold(section, set) {
    const r = compute.threshold(set), round = Math.round;
    chart(section.querySelector("svg"), { line: r.points, marks: [[1 - r.specificity, r.sensitivity]], x: "1 - specificity", y: "sensitivity",
      words: `ROC curve; at this threshold sensitivity ${shown(r.sensitivity)}, specificity ${shown(r.specificity)}` });
    section.querySelector("figcaption").textContent = `ROC curve of the test patients, AUC ${shown(r.auc)}.`;
    rows(section, [["sensitivity", shown(r.sensitivity)], ["specificity", shown(r.specificity)], ["PPV", shown(r.ppv)], ["NPV", shown(r.npv)],
      ["ill and found, of 1000", round(r.people.found)], ["ill and missed, of 1000", round(r.people.missed)],
      ["false alarms, of 1000", round(r.people.alarmed)], ["healthy and cleared, of 1000", round(r.people.cleared)]]);
  },
  overlap(section, set) {
    const r = compute.overlap(set), [, h, w] = STORED.overlap.truth.shape, canvas = section.querySelector("canvas");
    const scale = canvas.width / w, about = canvas.getContext("2d"), small = document.createElement("canvas");
    [small.width, small.height] = [w, h];
    paint(small, Float64Array.from(unpacked(STORED.overlap.image).slice(set.image * h * w, (set.image + 1) * h * w), (v) => v / 255), "");
    about.imageSmoothingEnabled = false;
    about.drawImage(small, 0, 0, canvas.width, canvas.height);
    outline(about, r.truth, h, w, scale, "#6cb8ff", []);
    outline(about, r.mask, h, w, scale, "#ffa866", [5, 4]);
    canvas.setAttribute("aria-label", `Chest X-ray ${set.image + 1} with two outlines, Dice ${shown(r.dice)}`);
    rows(section, [["Dice", shown(r.dice)], [`HD95, ${STORED.overlap.unit}`, shown(r.hd95, 2)], ["pixels, network", r.pixels], ["pixels, reference", r.reference]]);
  },
  calibration(section, set) {
    const r = compute.calibration(set);
    chart(section.querySelector("svg"), { marks: r.groups.map((b) => [b.p / b.n, b.ill / b.n]), x: "mean probability", y: "share ill",
      words: `Reliability: ${r.groups.map((b) => `${shown(b.ill / b.n, 2)} ill at ${shown(b.p / b.n, 2)}`).join(", ")}` });
    rows(section, [["Brier score", shown(r.brier)], ["calibration error (15 bins)", shown(r.ece)], ["patients that the network decides", r.kept],
      ["accuracy on these", shown(r.accuracy)]]);
  },
};

STORED.overlap.truth.shape[0] && document.querySelectorAll("#overlap select").forEach((select) => {
  select.innerHTML = [...Array(STORED.overlap.truth.shape[0]).keys()].map((i) => `<option value="${i}">${i + 1}</option>`).join("");
});
for (const name of Object.keys(draw)) {
  const section = document.getElementById(name), from = STORED[name];
  const extra = from.temperature ? ` The temperature chosen on the validation patients is ${from.temperature}.` : "";
  section.querySelector(".origin").textContent =
    `From lesson ${from.lesson.slice(0, 2)}, ${from.title}; data ${from.data} (simulated), preset ${from.preset}, seed ${from.seed}, made on ${from.date}.${extra}`;
  const status = document.createElement("p");
  status.setAttribute("role", "status");
  status.style.cssText = "position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)";
  section.append(status);
  const inputs = [...section.querySelectorAll("input, select")];
  const renew = () => {
    const set = {};
    for (const each of inputs) {
      set[each.name] = each.name === "which" ? each.value : Number(each.value);
      const output = each.closest("label").querySelector("output");
      if (output) output.textContent = each.value;
    }
    draw[name](section, set);
  };
  inputs.forEach((each) => each.addEventListener("input", renew));
  renew();
}
