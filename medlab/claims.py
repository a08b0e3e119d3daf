"""Claims: sentences about results that a test can refute."""

from __future__ import annotations

import math
from dataclasses import dataclass

from medlab.errors import MedlabError
from medlab.lesson import HOLDS, OPEN, REFUTED, UNJUDGED
from medlab.stats import Estimate


@dataclass(frozen=True)
class Claim:
    """A statement, the estimate it rests on, and the bound that the whole interval must satisfy.

    Parameters
    ----------
    statement : str
        One sentence without numbers that change from run to run: it is stored and compared by the tests.
    estimate : Estimate
    above, below : float, optional
        Bounds; with both, the interval must lie between them.
    judged : bool
        False at preset "smoke", where sizes are too small for any verdict.

    Raises
    ------
    MedlabError
        If there is no bound, a bound is no number, the bounds cross, or the estimate has no interval.

    Examples
    --------
    >>> gain = Estimate(0.05, 0.02, 0.08, n_patients=200)
    >>> Claim("The network gains", gain, above=0.0).verdict
    'holds'
    """

    statement: str
    estimate: Estimate
    above: float | None = None
    below: float | None = None
    judged: bool = True

    def __post_init__(self) -> None:
        if self.above is None and self.below is None:
            raise MedlabError(f"the claim {self.statement!r} has no bound", hint="pass above=, below= or both")
        for bound in (self.above, self.below):
            if bound is not None and not math.isfinite(bound):
                raise MedlabError(f"the claim {self.statement!r} has the bound {bound}", hint="a bound is a number")
        if self.above is not None and self.below is not None and self.above >= self.below:
            raise MedlabError(f"bounds {self.above} to {self.below} leave no room", hint="above must be below below")
        if not isinstance(self.estimate, Estimate):
            raise MedlabError(
                f"the claim {self.statement!r} rests on a bare {type(self.estimate).__name__}",
                hint="pass an Estimate, made by medlab.stats: a number without its interval proves nothing",
            )

    @property
    def verdict(self) -> str:
        """'holds' if the whole interval satisfies the bound, 'refuted' if none of it does, else 'open'."""
        if not self.judged:
            return UNJUDGED
        low, high = self.estimate.low, self.estimate.high
        if not (math.isfinite(low) and math.isfinite(high)):
            return OPEN
        floor = -math.inf if self.above is None else self.above
        ceiling = math.inf if self.below is None else self.below
        if low > floor and high < ceiling:
            return HOLDS
        return REFUTED if high <= floor or low >= ceiling else OPEN

    @property
    def bound(self) -> str:
        """The bound as text: "above 0.5", "below 1", "between 0 and 1"."""
        if self.above is not None and self.below is not None:
            return f"between {self.above:g} and {self.below:g}"
        return f"above {self.above:g}" if self.above is not None else f"below {self.below:g}"

    def _ipython_display_(self) -> None:
        """Show nothing: a cell of claims states them, and ``lab.verdicts()`` shows what became of them."""

    def record(self) -> dict:
        """Everything about the claim as a plain dictionary."""
        own = {"statement": self.statement, "verdict": self.verdict, "above": self.above, "below": self.below}
        return own | {"estimate": self.estimate.record()}


class VerdictTable(list):
    """The claims of a lesson; shows statements and verdicts alone, which is what is stored and compared."""

    def __repr__(self) -> str:
        if not self:
            return "no claims"
        wide = max(len(claim.verdict) for claim in self)
        return "\n".join(f"{claim.verdict:<{wide}}  {claim.statement}" for claim in self)

    def _repr_pretty_(self, printer, cycle: bool) -> None:
        printer.text(repr(self))
