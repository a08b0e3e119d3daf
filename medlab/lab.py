"""Lab: the bench of one lesson, set up by its first line, ``lab = medlab.begin(...)``."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import platform
import sys
import tempfile
import time
from datetime import UTC, datetime
from html import escape
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

from medlab import __version__, figures, notebook, progress
from medlab.claims import Claim, VerdictTable
from medlab.cohort import Cohort
from medlab.errors import MedlabError, unknown
from medlab.files import write_whole
from medlab.lesson import DEFAULT_PRESET, PRESETS, Lesson, find, notebooks_folder
from medlab.sources.asked import joined
from medlab.sources.for_lesson import available, opened
from medlab.stats import Estimate
from medlab.training import device as find_device
from medlab.training import null, watch_devices

_VERSIONS = ("torch", "monai", "numpy", "scikit-learn", "captum", "matplotlib")


class Lab:
    """What a lesson has at hand: its sizes, seed, device, data, claims and record.

    Made by ``medlab.begin``; see there.

    Attributes
    ----------
    lesson : Lesson
    preset, sabotage : str
    seed : int
    device : torch.device
        Where models and tensors go, ``.to(lab.device)``: CUDA, then MPS, then the processor. The record names the
        device whose parameters optimizers stepped, which may be another.
    rng : numpy Generator, seeded
    source : str
        The source that is used; differs from ``asked`` where that one cannot be had here.
    reason, advice : str
        Why, in one line, and what to do about it; both empty where the asked source is used.
    claims : VerdictTable
    """

    def __init__(self, lesson: Lesson, *, preset: str, seed: int, data: str, sabotage: str):
        self.lesson, self.preset, self.seed, self.sabotage, self.asked = lesson, preset, seed, sabotage, data
        self.device = find_device("auto")
        self.rng = np.random.default_rng(seed)
        self.claims = VerdictTable()
        self.cohort_facts: dict[str, object] = {}
        self._began = time.perf_counter(), _cpu_seconds()
        self._steps_before = watch_devices().copy()
        self.null = null.start() if null.wanted() else None
        self.source, self.reason, self.advice = available(data, lesson)

    def pick(self, *, smoke, cpu, gpu):
        """Return the value for this preset; all three stand in the notebook, nothing is hidden.

        Examples
        --------
        >>> epochs = lab.pick(smoke=1, cpu=5, gpu=30)  # doctest: +SKIP
        """
        return {"smoke": smoke, "cpu": cpu, "gpu": gpu}[self.preset]

    def seeds(self, count: int) -> list[int]:
        """Return ``count`` training seeds; other lesson seeds give others.

        Examples
        --------
        >>> lab.seeds(3)  # doctest: +SKIP
        [0, 1, 2]
        """
        return [1000 * self.seed + k for k in range(count)]

    def sabotaged(self, name: str) -> bool:
        """Return whether this run breaks the lesson in the way called ``name``, which its metadata must declare."""
        return bool(name) and self.sabotage == self.lesson.checked_sabotage(name)

    def open(self, *, simulated: dict | None = None, acquired: dict | None = None, **options) -> Cohort:
        """Open this lesson's data: the asked source, or its simulated alternative where that cannot be had.

        Parameters
        ----------
        simulated : dict, optional
            Options for simulated sources alone, such as ``{"patients": 400, "size": 64}``.
        acquired : dict, optional
            Options for all other sources alone, such as ``{"fit": "pad"}`` for images of several sizes.
        **options
            Options for any source; see ``medlab.open``.
        """
        if self.source.startswith("hospital:"):
            options = {"seed": self.seed, **options, **(simulated or {})}
        else:
            options |= acquired or {}
        cohort = opened(self.lesson, self.source, preset=self.preset, given=options)
        self.cohort_facts = {
            "source": cohort.source, "licence": cohort.licence, "simulated": cohort.simulated,
            "images": len(cohort), "patients": cohort.patients["patient_id"].nunique(), "finding": cohort.positive,
        }  # fmt: skip
        return cohort

    def show(self, figure, *, caption: str, alt: str, inside: bool = False) -> None:
        """Display a figure with caption, source of the data, and alternative text; see ``medlab.figures.show``."""
        named = self.cohort_facts.get("source", "")
        figures.show(
            figure, caption=f"{caption.strip()} Source: {named}." if named else caption, alt=alt, inside=inside
        )

    def claim(
        self, statement: str, estimate: Estimate, *, above: float | None = None, below: float | None = None
    ) -> Claim:
        """State a claim; its verdict comes from the whole 95 % interval. See ``medlab.claims.Claim``.

        A claim with the same statement takes the place of the earlier one.
        """
        claim = Claim(statement, estimate, above=above, below=below, judged=self.preset != "smoke")
        stated = [one.statement for one in self.claims]
        if statement in stated:  # the cell was run again
            self.claims[stated.index(statement)] = claim
        else:
            self.claims.append(claim)
        return claim

    def verdicts(self) -> VerdictTable:
        """Show the forest of all claims, keep the record of this run, and return statements and verdicts."""
        if self.claims:
            caption, alt = figures.tell(self.claims)
            if self.source not in (self.lesson.data["default"], *self.lesson.data["alternatives"]):
                caption += " The claims were written for other data: on these, each may be open or refuted."
            self.show(figures.forest(self.claims), caption=caption, alt=alt, inside=True)
        self.keep_record()
        return self.claims

    def record(self) -> dict:
        """Return everything that this run found and under which conditions, as a plain dictionary."""
        began, cpu = self._began
        return {
            "lesson": self.lesson.id,
            "preset": self.preset,
            "seed": self.seed,
            "sabotage": self.sabotage,
            "null": self.null is not None,
            "undone_steps": self.null.steps if self.null else 0,
            "data": {"asked": self.asked, "used": self.source, "reason": self.reason, **self.cohort_facts},
            "claims": [claim.record() for claim in self.claims],
            "device": self._device_that_trained(),
            "versions": {"python": platform.python_version(), **_versions()},
            "platform": f"{platform.system()} {platform.machine()}",
            "cpu_s": round(_cpu_seconds() - cpu, 2),
            "process_cpu_s": round(_cpu_seconds(), 2),
            "wall_s": round(time.perf_counter() - began, 2),
            "peak_mb": peak_mb(),
            **_loaded(),
            "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        }

    def _device_that_trained(self) -> str:
        """Return the device that took the optimizer steps since ``begin``, most steps first; "cpu" without steps."""
        steps = watch_devices() - self._steps_before
        return ", ".join(name for name, _ in steps.most_common()) or "cpu"

    def keep_record(self) -> Path | None:
        """Write the record; where that is not possible, say so in one line and go on.

        It is written again when the kernel ends: later cells may load further modules.
        """
        text = json.dumps(self.record(), indent=1)
        complaint = ""
        for path in _record_places(self.lesson.id):
            try:
                write_whole(path, text)
            except OSError as error:
                complaint = complaint or f"{path.parent}: {error.strerror or error}"
                continue
            if complaint:
                _say(f"The record could not be kept in {complaint}. It is in {path} instead.")
            atexit.unregister(self._keep_again)
            atexit.register(self._keep_again, path)
            return path
        _say(f"The record of this run could not be kept ({complaint}). Results are unaffected.")
        return None

    def _keep_again(self, path: Path) -> None:
        if path.is_file():
            with contextlib.suppress(OSError):
                write_whole(path, json.dumps(self.record(), indent=1))

    def _repr_html_(self) -> str:
        simulated = self.source.startswith("hospital:")
        first = (
            f"<b>{escape(self.lesson.title)}</b> &nbsp; preset {self.preset}, seed {self.seed}, device {self.device}"
        )
        if self.sabotage:
            first += f" &nbsp; <b>BROKEN ON PURPOSE: {escape(self.sabotage)}. The claims are expected to fall.</b>"
        if self.null:
            first += " &nbsp; <b>No network learns in this run: each step of an optimizer is undone.</b>"
        second = f"Data: {escape(self.source)}" + (", <b>SIMULATED: no real patients</b>" if simulated else "")
        details = [f"{escape(name)} {escape(number)}" for name, number in _versions().items()]
        folded = [f"Python {platform.python_version()}, {', '.join(details)}"]
        if self.reason:
            second += f", in place of {escape(self.asked)}: {escape(self.reason)}"
            folded.insert(0, f"How to change that: {escape(self.advice)}")
        if self.preset == "smoke":
            second += ". Preset smoke only proves that every line runs: its numbers mean nothing"
        return f"{first}<br>{second}.<details><summary>Details</summary>{'<br>'.join(folded)}</details>"

    def __repr__(self) -> str:
        text = f"{self.lesson.id}: preset {self.preset}, seed {self.seed}, device {self.device}, data {self.source}"
        text += f" (asked for {self.asked}: {self.reason})" if self.reason else ""
        return text + (f", BROKEN ON PURPOSE: {self.sabotage}" if self.sabotage else "")


def begin(
    lesson: str, *, preset: str = DEFAULT_PRESET, seed: int = 0, data: str = "", sabotage: str = "", **options
) -> Lab:
    """Set up the bench of a lesson: the first line of every notebook.

    Parameters
    ----------
    lesson : str
        Id of the lesson.
    preset : {"smoke", "cpu", "gpu"}
    seed : int, not negative
    data : str
        A source that ``medlab.open`` knows, or a path; the lesson's default if empty.
    sabotage : str
        One of the lesson's declared ways to break it; "" leaves it whole.
    **options
        ``positive``, ``fit``, ``size``: the class that counts as the finding (several joined by "+"), how images of
        different sizes are brought to one ("pad", "crop", "resample"), and pixels along the longest axis; ``layout``,
        ``skip``, ``channels`` as in `medlab.open`. They may also stand behind the data, as in
        ``data="my/scans?positive=ill&size=64"``.

    Returns
    -------
    Lab
        Shows itself as a banner.

    Raises
    ------
    MedlabError
        For an unknown lesson, preset or sabotage, naming the nearest, or a seed that is no whole number.

    Examples
    --------
    >>> lab = begin("41_classification", preset="smoke", data="hospital:chest_xray")
    >>> lab.preset
    'smoke'
    """
    notebook.install()
    found = find(lesson)
    if preset not in PRESETS:
        raise unknown("preset", preset, PRESETS)
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
        raise MedlabError(f"seed {seed!r} is not a whole number from 0", hint="seed=0")
    found.checked_sabotage(sabotage)
    figures.style()
    progress.prepare()
    return Lab(
        found, preset=preset, seed=int(seed), data=joined(data or found.data["default"], options), sabotage=sabotage
    )


def _record_places(lesson_id: str) -> list[Path]:
    """Where a record may go, best first."""
    if named := os.environ.get("MEDLAB_RECORD"):
        return [Path(named), Path(tempfile.gettempdir()) / "medlab" / Path(named).name]
    name = f"{lesson_id}-{datetime.now(UTC):%Y%m%dT%H%M%S%f}.json"
    return [notebooks_folder().parent / "runs" / name, Path(tempfile.gettempdir()) / "medlab" / "runs" / name]


def peak_mb() -> float:
    """Peak resident memory of this process in MB (10^6 bytes)."""
    if sys.platform == "win32":
        import psutil

        return round(psutil.Process().memory_info().peak_wset / 1e6, 1)
    import resource

    # Linux counts KiB, macOS bytes.
    scale = 1 if sys.platform == "darwin" else 1024
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale / 1e6, 1)


def _cpu_seconds() -> float:
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


def _loaded() -> dict[str, list[str]]:
    """Return the modules of medlab and data_fetch in this process, and the top-level names of all other packages."""
    names = list(sys.modules)  # a copy: another thread of the kernel may import at this moment
    own = [name for name in names if name.partition(".")[0] in ("medlab", "data_fetch")]
    others = {name.partition(".")[0] for name in names} - set(sys.stdlib_module_names)
    return {"modules": sorted(own), "packages": sorted(others - {"medlab", "data_fetch", "__main__", "__mp_main__"})}


def _versions() -> dict[str, str]:
    found = {"medlab": __version__}
    for name in _VERSIONS:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _say(text: str) -> None:
    from IPython.display import Markdown, display

    display(Markdown(f"**Note.** {figures.plain(text)}"))
