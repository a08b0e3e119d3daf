"""medlab: executable, tested lessons on deep learning in medical imaging.

Importing this package loads no torch and touches no disk: the names below are resolved on first use.
"""

from importlib import import_module

__version__ = "0.1.0"

_HOMES = {
    "begin": "lab",
    "Lab": "lab",
    "open": "sources",
    "Cohort": "cohort",
    "assert_disjoint": "cohort",
    "Hospital": "hospital",
    "Claim": "claims",
    "Estimate": "stats",
    "catalogue": "lesson",
    "exercise": "exercises",
    "MedlabError": "errors",
}
_PACKAGES = {
    "claims", "cohort", "errors", "exercises", "explore", "figures", "hospital", "lab", "lesson", "metrics", "physics",
    "sources", "stats", "training",
}  # fmt: skip
__all__ = [
    "Claim",
    "Cohort",
    "Estimate",
    "Hospital",
    "Lab",
    "MedlabError",
    "assert_disjoint",
    "begin",
    "catalogue",
    "exercise",
    "open",
]


def __getattr__(name: str):
    if name in _HOMES:
        return getattr(import_module(f"medlab.{_HOMES[name]}"), name)
    if name in _PACKAGES:
        return import_module(f"medlab.{name}")
    raise AttributeError(f"module 'medlab' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, *_PACKAGES, "__version__"])
