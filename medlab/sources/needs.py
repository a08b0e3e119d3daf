"""What a lesson needs of data, and what data have: compared in one place, before anything runs."""

from __future__ import annotations

from dataclasses import dataclass

from medlab.errors import DataError, unknown
from medlab.lesson import Lesson, catalogue
from medlab.metadata import LABELS


@dataclass(frozen=True)
class Facts:
    """What is known of data; None stands for what was not looked at.

    Parameters
    ----------
    images : int
    dims, channels : int, optional
    shape : tuple of int, optional
        Of one image, without channels.
    counts : dict of str to int
        Class (or finding) and its number of images; empty without labels.
    several : bool
        Whether an image may have several of them.
    positive : str
        The class that counts as the finding, or "" where nobody said so.
    annotations : frozenset of str, optional
    sites : int, optional
    per_patient : float, optional
        Images of each patient, on average.
    common : float, optional
        Share of images in which the most frequent structure is outlined.
    """

    images: int
    dims: int | None = None
    channels: int | None = None
    shape: tuple[int, ...] | None = None
    counts: dict[str, int] | None = None
    several: bool = False
    positive: str = ""
    annotations: frozenset[str] | None = None
    sites: int | None = None
    per_patient: float | None = None
    common: float | None = None

    @property
    def finding(self) -> str:
        """The class that counts as the finding: the named one, "1" of 0 and 1, or "" where there are two readings."""
        counts = self.counts or {}
        if self.positive:
            return self.positive
        return "1" if list(counts) == ["0", "1"] and not self.several else ""

    @property
    def grades(self) -> bool:
        """Whether the classes are 0, 1, 2, ...: read as grades, which have an order, where a lesson needs one."""
        counts = self.counts or {}
        return not self.several and len(counts) > 2 and list(counts) == [str(k) for k in range(len(counts))]

    def line(self) -> str:
        """Say it in one line.

        Examples
        --------
        >>> Facts(60, dims=2, channels=3, shape=(28, 28), counts={"0": 40, "1": 20}).line()
        '60 color images 28x28, classes 0 and 1'
        """
        kind = {1: "gray ", 3: "color "}.get(self.channels or 0, f"{self.channels}-channel " if self.channels else "")
        size = " " + "x".join(map(str, self.shape)) if self.shape else " in 3D" if self.dims == 3 else ""
        parts = [f"{self.images} {kind}image{'s' if self.images != 1 else ''}{size}"]
        if counts := self.counts:
            names = [*list(counts)[:5], *(["..."] if len(counts) > 5 else [])]
            word = "findings" if self.several else "classes"
            parts.append(
                f"{word} {', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else f"one class, {names[0]}"
            )
        elif counts is not None:
            parts.append("no labels")
        parts += sorted(self.annotations or ())
        return ", ".join(parts)


def check(lesson: Lesson, facts: Facts | None) -> None:
    """Raise `DataError` in one sentence if a lesson cannot use such data, and name lessons that can.

    Where nothing is known (None) only a lesson that takes no other data at all is refused.

    Examples
    --------
    >>> from medlab.lesson import find
    >>> check(find("45"), Facts(60, dims=2, annotations=frozenset({"masks"})))
    """
    if why := misfit(lesson, facts):
        if facts is None:
            raise DataError(f"{lesson.id} {why}, and no other data", f"-p data={lesson.data['default']}")
        fit = [each.number for each in catalogue(on_broken=lambda *_: None) if not misfit(each, facts)]
        raise DataError(
            f"{lesson.id} {why}; your data have {facts.line()}", f"lessons that fit: {', '.join(fit) or 'none'}"
        )


def misfit(lesson: Lesson, facts: Facts | None) -> str:
    """Return why a lesson cannot use such data, as "needs ...", or "".

    Examples
    --------
    >>> from medlab.lesson import find
    >>> misfit(find("45"), Facts(60, dims=2, annotations=frozenset()))
    'needs masks of what is to be found'
    """
    needs = lesson.data.get("needs", {})
    if "only" in needs:
        return f"needs {' or '.join(needs['only'])}, for {needs['why']}"
    if facts is None:
        return ""
    lacks = [_label_fault(needs, facts), _annotation_fault(needs, facts), *_size_faults(needs, facts)]
    return next((f"needs {fault}" for fault in lacks if fault), "")


def _label_fault(needs: dict, facts: Facts) -> str:
    wanted, counts = needs.get("labels"), facts.counts
    if not wanted or counts is None:
        return ""
    if len(counts) < 2 and not (facts.several and counts):
        return LABELS[wanted]
    least = needs.get("min_each", 1)
    if wanted == "findings" and not facts.several and not facts.grades:
        return LABELS[wanted]
    if wanted == "finding":
        if not facts.finding:
            example = f"positive={next(iter(counts) if len(counts) == 2 else reversed(counts))}"
            return f"to know which class is the finding, of {', '.join(counts)}: add, say, {example}"
        if facts.finding not in counts:
            raise unknown("class", facts.finding, counts)
        ill = counts[facts.finding]
        few = min(ill, facts.images - ill)
        return f"at least {least} images with and without the finding ({few} here)" if few < least else ""
    rare = min(counts, key=lambda name: counts[name])
    return f"at least {least} images of each class ({counts[rare]} of {rare} here)" if counts[rare] < least else ""


def _annotation_fault(needs: dict, facts: Facts) -> str:
    wanted = needs.get("annotations", [])
    if not wanted or facts.annotations is None or facts.annotations & set(wanted):
        return ""
    return f"{' or '.join(wanted)} of what is to be found"


def _size_faults(needs: dict, facts: Facts):
    if facts.dims is not None and facts.dims not in needs.get("dims", [2, 3]):
        yield f"images with {' or '.join(map(str, needs['dims']))} axes"
    if facts.channels is not None and "channels" in needs and facts.channels not in needs["channels"]:
        yield f"images with {' or '.join(map(str, needs['channels']))} channel"
    if facts.images < needs.get("min_images", 1):
        yield f"at least {needs['min_images']} images"
    if facts.shape and min(facts.shape[-2:]) < needs.get("min_size", 1):
        yield f"images of at least {needs['min_size']} pixels"
    if facts.sites is not None and facts.sites < needs.get("sites", 0):
        yield f"images of at least {needs['sites']} sites (column site)"
    if facts.dims != 3 and facts.per_patient is not None and facts.per_patient < needs.get("per_patient", 0):
        yield f"volumes, or at least {needs['per_patient']} images of each patient (patient_id)"
    if facts.common is not None and facts.common < needs.get("common", 0):
        yield f"masks of a structure that is in {needs['common']:.0%} of the images ({facts.common:.0%} here)"
