"""The card of a cohort: what a reader sees of it before anything is asked or predicted."""

from __future__ import annotations

from html import escape

from medlab.figures.images import contact_sheet
from medlab.figures.output import image_html, png


def cohort_html(cohort) -> str:
    """Return first images and facts of a cohort as HTML; how often each class occurs is left for the lesson to ask."""
    table = cohort.patients
    facts = {
        "images": f"{len(cohort)} of {table['patient_id'].nunique()} patients, {tuple(cohort.images.shape[1:])}",
        "modality": f"{cohort.modality} ({cohort.intensity})",
        "spacing": " x ".join(f"{s:.3g}" for s in cohort.spacing) + " mm" if cohort.spacing else "not known",
        "source": cohort.source,
        "license": cohort.licence,
        "classes": ", ".join(cohort.classes),
        "sites": ", ".join(sorted(map(str, table["site"].unique()))) if "site" in table else "",
        "note": "; ".join(cohort.notes),
    }
    rows = "".join(
        f"<tr><th style='text-align:left'>{name}</th><td style='text-align:left'>{escape(str(value))}</td></tr>"
        for name, value in facts.items() if value
    )  # fmt: skip
    mark = "<p><b>SIMULATED: computed, no real patients.</b></p>" if cohort.simulated else ""
    if not len(cohort):
        return f"{mark}<table>{rows}</table>"
    ids = [f"patient {name}" for name in cohort.patient_ids[:6]]
    sheet = image_html(png(contact_sheet(cohort, rows=1, titles=ids)), alt=f"First images of {cohort!r}")
    return f"{mark}{sheet}<table>{rows}</table>"
