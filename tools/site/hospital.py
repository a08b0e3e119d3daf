"""The page of the simulated hospital: what it holds, what causes what, how its sites differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import Field, fields

from medlab.hospital import MODALITIES, SITES
from medlab.lesson import Lesson
from tools.hospital_graph import edges
from tools.site.addresses import SIMULATED, doc, sources, title

_TEXT = """# The simulated hospital

Real data cannot always be had, and their truth is rarely known. So medlab has a hospital of simulated patients, whose
diseases, records and images follow equations that you can read. It is small enough to understand, and every cause is
known: a lesson can ask what would have happened had the patient not smoked. **Nothing in it is real, and no number
from it says anything about real patients.** Every caption and every result says when data are simulated.

```python
import medlab

hospital = medlab.Hospital(seed=1, patients=200)
xrays = hospital.cohort("chest_xray")            # images, masks, labels and a table with one row per image
same = medlab.open("hospital:chest_xray")        # the same as a source, as lessons use it
```

## Modalities

![Eight simulated images, one of each modality](docs/hospital_modalities.png)

{modalities}

## What causes what

![{alt}](docs/hospital_graph.png)

A coefficient adds to the logit, the mean, the logarithm or the log hazard of the effect. From the site it is the
difference between the highest and the lowest base prevalence.

| cause | effect | coefficient |
|---|---|---|
{edges}

## Sites

The sites differ in their machines and protocols for chest X-rays. These settings are a choice, not a finding.

| setting | {names} |
|---|{rule}
{settings}
"""
_ALT = (
    "A graph with arrows from causes to effects: site, age and smoking on the left, then diseases, laboratory values "
    "and the ECG, and death on the right"
)


def page(lessons: Sequence[Lesson]) -> str:
    """Return the page in MyST Markdown."""
    sites = list(SITES.values())
    settings = [_row(f.name.replace("_", " "), *(_of(site, f.name) for site in sites)) for f in _fields()]
    causes = [_row(cause.replace("_", " "), effect.replace("_", " "), f"{w:g}") for cause, effect, w in edges()]
    return _TEXT.format(
        modalities="\n".join(f"- `{SIMULATED}{name}`{_used(name, lessons)}" for name in MODALITIES),
        edges="\n".join(causes), alt=_ALT,
        names=" | ".join(site.name for site in sites), rule="---|" * len(sites), settings="\n".join(settings),
    )  # fmt: skip


def _row(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |"


def _fields() -> list[Field]:
    return [f for f in fields(next(iter(SITES.values()))) if f.name != "name"]


def _of(site: object, name: str) -> str:
    value = getattr(site, name)
    return f"{value:g}" if isinstance(value, (int, float)) else str(value)


def _used(name: str, lessons: Sequence[Lesson]) -> str:
    linked = [
        f"[{each.number} {title(each)}]({doc(each)}.ipynb)" for each in lessons if SIMULATED + name in sources(each)
    ]
    return f": {', '.join(linked)}" if linked else ""
