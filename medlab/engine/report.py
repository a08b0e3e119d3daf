"""The report of many runs: one HTML page, readable offline, with the executed notebooks; JUnit XML; JSON."""

from __future__ import annotations

import json
import math
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape
from pathlib import Path

from medlab.engine.run import Run
from medlab.files import write_whole

# Whatever a notebook holds, its page loads nothing, runs nothing and sends nothing.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'"
_STYLE = """
:root { color-scheme: light dark; --page: #ffffff; --ink: #1a1a1a; --line: #8888; --soft: #8882; --dim: #595959;
  --bad: #b3261e; --good: #1b6e2c; --mark: #1768ac }
@media (prefers-color-scheme: dark) { :root { --page: #121212; --ink: #ececec; --dim: #b5b5b5;
  --bad: #ff8a80; --good: #7fd48f; --mark: #7db8e8 } }
html { background: var(--page); color: var(--ink) }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 78rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; width: 100% } th, td { text-align: left; padding: .35rem .6rem; vertical-align: top }
th { border-bottom: 2px solid var(--line) } td { border-bottom: 1px solid var(--line) }
.bad { color: var(--bad); font-weight: 600 } .good { color: var(--good) }
pre { background: var(--soft); padding: .6rem; overflow-x: auto; font-size: 13px; white-space: pre-wrap }
h2 { margin-top: 2.5rem } svg { width: 100%; min-width: 16rem; height: 2rem } img { max-width: 100% }
meter { width: 6rem } .scroll { overflow-x: auto } a { color: var(--mark) }
.prompt { color: var(--dim); font-size: 12px }
.anchor-link { display: none } td.k { white-space: nowrap }
"""


def write(runs: Sequence[Run], folder: Path) -> Path:
    """Write ``index.html``, ``junit.xml``, ``report.json`` and one page for each executed notebook.

    Parameters
    ----------
    runs : sequence of Run
        With ``wrong`` set.
    folder : Path

    Returns
    -------
    Path
        The page.

    Raises
    ------
    OSError
        If the folder cannot be written.
    """
    folder = Path(folder)
    told = {"finished": datetime.now(UTC).isoformat(timespec="seconds"), "runs": [run.summary() for run in runs]}
    write_whole(folder / "report.json", json.dumps(told, indent=1, default=str))
    write_whole(folder / "junit.xml", junit(runs))
    pages = [_notebook_page(run, folder / "notebooks") for run in runs]
    write_whole(folder / "index.html", page(runs, pages, finished=told["finished"]))
    return folder / "index.html"


def junit(runs: Sequence[Run]) -> str:
    """Return the runs as JUnit XML: one test case for each."""
    suite = ElementTree.Element(
        "testsuite", name="medlab", tests=str(len(runs)), failures=str(sum(bool(run.wrong) for run in runs)),
        errors="0", skipped="0", time=f"{sum(run.seconds for run in runs):.2f}",
    )  # fmt: skip
    for run in runs:
        case = ElementTree.SubElement(
            suite, "testcase", classname=_xml(run.lesson.id), name=_xml(_name(run)), time=f"{run.seconds:.2f}"
        )
        if run.wrong:
            bad = ElementTree.SubElement(case, "failure", message=_xml("; ".join(run.wrong)), type=run.status)
            bad.text = _xml(f"{run.source}\n\n{run.error}".strip())
    root = ElementTree.Element("testsuites")
    root.append(suite)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True)


def page(runs: Sequence[Run], pages: Sequence[str], *, finished: str) -> str:
    """Return the page of all runs: a table, then for each its claims with intervals, and what went wrong."""
    failed = sum(bool(run.wrong) for run in runs)
    rows = "".join(_row(k, run, link) for k, (run, link) in enumerate(zip(runs, pages, strict=True)))
    heads = ("lesson", "result", "claims", "wall", "CPU-seconds of budget", "peak MB of budget", "notebook")
    head = "".join(f"<th scope='col'>{text}</th>" for text in heads)
    body = "".join(_details(k, run) for k, run in enumerate(runs))
    count = f"{len(runs)} {'run' if len(runs) == 1 else 'runs'}"
    return _document(
        "medlab report",
        f"<h1>medlab: {count}, <span class='{'bad' if failed else 'good'}'>{failed} failed</span></h1>"
        f"<p>{escape(finished)}; {escape(_conditions(runs))}</p><div class='scroll'><table><caption hidden>All runs"
        f"</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>{body}",
    )


def _row(k: int, run: Run, link: str) -> str:
    budget, at_cpu = run.lesson.budget, run.parameters.get("preset", "cpu") == "cpu"
    counts = {verdict: run.verdicts.count(verdict) for verdict in dict.fromkeys(run.verdicts)}
    result = f"<span class='bad'>{escape(run.status if run.status != 'passed' else 'wrong')}</span>"
    cells = [
        f"<a href='#run{k}'>{escape(_name(run))}</a>{_simulated(run)}",
        result if run.wrong else f"<span class='good'>ok{', kept from before' if run.resumed else ''}</span>",
        escape(", ".join(f"{n} {verdict}" for verdict, n in counts.items()) or "none"),
        f"{run.seconds:.0f} s",
        _cost(run.cpu_s, budget["cpu_s"], at_cpu),
        _cost(run.peak_mb, budget["ram_mb"], at_cpu),
        f"<a href='{escape(link)}'>read<span hidden> {escape(_name(run))}</span></a>" if link else "none",
    ]
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _simulated(run: Run) -> str:
    data = run.record.get("data")
    return " <b>SIMULATED</b>" if isinstance(data, dict) and data.get("simulated") is True else ""


def _cost(used: float, allowed: float, judged: bool) -> str:
    text = f"{used:.0f} of {float(allowed):.0f}"
    if not allowed or not judged:
        return f"{used:.0f}"
    over = " class='bad'" if used > allowed else ""
    return f"<span{over}>{text}</span> <meter min='0' max='1' value='{min(used / allowed, 1):.3f}'>{text}</meter>"


def _details(k: int, run: Run) -> str:
    parts = [f"<h2 id='run{k}'>{escape(_name(run))}</h2><p>{escape(run.lesson.question)}</p>"]
    if run.wrong:
        parts.append("".join(f"<p class='bad'>{escape(text)}</p>" for text in run.wrong))
    if run.status != "passed" and (run.source or run.error):
        where = f"Cell {run.cell}" if run.cell is not None else "Told"
        parts.append(f"<p>{where}:</p><pre>{escape(run.source)}</pre><pre>{escape(run.error[-8000:])}</pre>")
    rows = "".join(_claim_row(claim) for claim in run.record.get("claims", []))
    if rows:
        heads = ("verdict", "claim", "estimate, 95 % interval", "interval; the bound is dashed")
        head = "".join(f"<th scope='col'>{text}</th>" for text in heads)
        parts.append(f"<div class='scroll'><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>")
    return "".join(parts)


def _claim_row(claim: dict) -> str:
    e = claim.get("estimate", {})
    numbers = "; ".join(f"{e[name]:.3g}" if _is_number(e.get(name)) else "?" for name in ("value", "low", "high"))
    kind = "good" if claim.get("verdict") == "holds" else "bad" if claim.get("verdict") == "refuted" else ""
    value, _, interval = numbers.partition("; ")
    text = f"{value} ({interval.replace('; ', ' to ')})"
    return (
        f"<tr><td class='k {kind}'>{escape(str(claim.get('verdict')))}</td>"
        f"<td>{escape(str(claim.get('statement')))}</td><td class='k'>{escape(text)}</td><td>{_forest(claim)}</td></tr>"
    )


def _forest(claim: dict) -> str:
    """Draw the interval of one claim and its bounds as SVG, on a scale of its own: claims have different units."""
    e = claim.get("estimate", {})
    points = [e.get(name) for name in ("value", "low", "high")]
    if not all(map(_is_number, points)):
        return "no interval"
    bounds = [claim[name] for name in ("above", "below") if _is_number(claim.get(name))]
    low, high = min(points + bounds), max(points + bounds)
    room = 0.12 * (high - low) or 0.1

    def x(value: float) -> str:
        return f"{100 * (value - low + room) / (high - low + 2 * room):.2f}%"

    value, left, right = points
    lines = "".join(
        f"<line x1='{x(b)}' x2='{x(b)}' y1='0' y2='32' stroke='currentColor' stroke-dasharray='3 3'/>" for b in bounds
    )
    told = f"estimate {value:.3g}, interval {left:.3g} to {right:.3g}, bound {', '.join(f'{b:.3g}' for b in bounds)}"
    return (
        f"<svg role='img' aria-label='{escape(told)}'>{lines}<line x1='{x(left)}' x2='{x(right)}' y1='16' y2='16' "
        f"stroke='var(--mark)' stroke-width='4'/><circle cx='{x(value)}' cy='16' r='5' fill='var(--mark)'/></svg>"
    )


def _notebook_page(run: Run, folder: Path) -> str:
    """Write an executed notebook as HTML; return the link to it, or "" if there is none that can be read."""
    if not run.output or not Path(run.output).is_file():
        return ""
    path = folder / f"{Path(run.output).stem}.html"
    write_whole(path, notebook_page(run.output, run.lesson.title))
    return f"notebooks/{_quoted(path.name)}"


def notebook_page(notebook: Path, title: str) -> str:
    """Return an executed notebook as a page that loads nothing and runs nothing.

    Parameters
    ----------
    notebook : Path
        A file that cannot be shown becomes a page that says so.
    title : str

    Returns
    -------
    str
        HTML.

    Examples
    --------
    >>> "cannot be shown" in notebook_page(Path("missing.ipynb"), "Nothing")
    True
    """
    import nbformat
    from nbconvert import HTMLExporter

    try:
        book = nbformat.read(notebook, as_version=4)
        body, _ = HTMLExporter(template_name="basic").from_notebook_node(book)
    except Exception as error:  # any notebook, and nbconvert raises whatever it stumbles over; the report goes on
        body = f"<p>This notebook cannot be shown: {escape(str(error))}</p>"
    # The policy below forbids scripts already; they are taken out too, so that no reader has to rely on it.
    body = re.sub(r"<script\b.*?</script\s*>", "", body, flags=re.S | re.I)
    return _document(title, f"<p><a href='../index.html'>All runs</a></p>{body}")


def _document(title: str, body: str) -> str:
    return (
        f"<!doctype html><html lang='en'><head><meta charset='utf-8'><meta http-equiv='Content-Security-Policy' "
        f'content="{_POLICY}"><meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style></head><body><main>{body}</main></body></html>"
    )


def _name(run: Run) -> str:
    default = {"preset": "cpu", "sabotage": ""}
    told = [f"{k}={v}" for k, v in run.parameters.items() if default.get(k) != v]
    return f"{run.lesson.id} [{', '.join(told)}]" if told else run.lesson.id


def _conditions(runs: Sequence[Run]) -> str:
    record = next((run.record for run in runs if run.record.get("versions")), {})
    versions = ", ".join(f"{name} {number}" for name, number in record.get("versions", {}).items())
    return f"{record.get('device', 'device not known')}, {record.get('platform', '')}; {versions}"


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value)


def _quoted(name: str) -> str:
    from urllib.parse import quote

    return quote(name)


def _xml(text: str) -> str:
    """Return text without the characters that XML cannot hold."""
    return re.sub(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "?", text)
