"""Read WFDB records (PhysioNet): signals of one length and rate, one record per row."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import torch
import wfdb

from medlab.cohort import Cohort
from medlab.errors import DataError
from medlab.sources.npz import check_memory
from medlab.sources.readers.guard import guarded, inside, text_of
from medlab.sources.readers.ledger import Ledger
from medlab.sources.readers.stack import NO_PATIENTS, OWN_FILES
from medlab.sources.values import twins

_MV = {"mV": 1.0, "uV": 1e-3, "V": 1e3}


def open_waves(headers: Sequence[Path], *, root: Path, ledger: Ledger | None = None) -> Cohort:
    """Open the records that .hea files describe.

    Returns
    -------
    Cohort
        ``images`` (N, leads, 1, samples) in mV, as of other ECGs in medlab; column ``rate_hz`` of ``patients``.

    Raises
    ------
    DataError
        If a record is damaged, has several segments, is not in a unit of voltage, or differs from the others in leads,
        rate or length.

    Examples
    --------
    >>> open_waves([Path("ecg/100.hea")], root=Path("ecg")).images.shape  # doctest: +SKIP
    torch.Size([1, 2, 1, 650000])
    """
    headers = sorted(headers)
    records = [_header(path, root) for path in headers]
    here = [_here(path, record) for path, record in zip(headers, records, strict=True)]
    pairs = list(zip(headers, records, here, strict=True))
    used = [path.parent / record.file_name[k] for path, record, kept in pairs for k in kept]
    notes = ledger.close([*headers, *used]) if ledger else []
    lost = {f"{r.sig_name[k]} ({r.file_name[k]})" for _, r, kept in pairs for k in range(r.n_sig) if k not in kept}
    notes += [f"leads were left out, for their files are not here: {', '.join(sorted(lost)[:12])}"] if lost else []
    forms = [(len(kept), float(r.fs), int(r.sig_len), tuple(r.sig_name[k] for k in kept)) for _, r, kept in pairs]
    if len(set(forms)) > 1:
        other = next(k for k, form in enumerate(forms) if form != forms[0])
        first, second = (
            f"{headers[k].name} has {'{} leads, {:g} Hz, {} samples'.format(*forms[k])}" for k in (0, other)
        )
        raise DataError(f"the records differ: {first}; {second}", hint=f"open one: medlab.open({str(headers[0])!r})")
    leads, rate, length, names = forms[0]
    check_memory(root, 20 * len(records) * leads * length)
    signals = np.stack([_signal(path, kept) for path, _, kept in pairs])
    ids = [
        path.relative_to(root).with_suffix("").as_posix() if path.is_relative_to(root) else path.stem
        for path in headers
    ]
    note = f"no image: the channels are leads ({', '.join(names)}), the columns are samples at {rate:g} Hz"
    return Cohort(
        torch.from_numpy(signals)[:, :, None],
        pd.DataFrame({"patient_id": ids, "rate_hz": [rate] * len(ids)}),
        spacing=(float("nan"),) * 2,
        modality="ECG",
        intensity="mV",
        source=headers[0].name if len(headers) == 1 else root.name,
        licence=OWN_FILES,
        notes=(note, *notes, NO_PATIENTS.replace("image", "record"), *twins(signals, ids, None)),
    )


def _header(path: Path, root: Path) -> wfdb.Record:
    text_of(path, root)
    with guarded(path):
        record = wfdb.rdheader(str(path.with_suffix("")))
        if not isinstance(record, wfdb.Record) or not record.n_sig or not record.sig_len or not record.fs:
            raise DataError(f"{path} has several segments, or no signal", hint="open the segments one by one")
        told = (record.file_name, record.sig_name, record.units, record.fmt)
        if any(each is None or None in each or len(each) != record.n_sig for each in told):
            raise DataError(f"{path} does not describe its {record.n_sig} signals", hint="copy the record again")
        if strange := sorted(set(record.units) - set(_MV)):
            raise DataError(f"{path} has signals in {strange[0]!r}; wanted mV", hint="medlab reads ECG records")
        kept = _here(path, record)
        files = {record.file_name[k] for k in kept}
        most = 8 * sum(inside(path.parent / name, root).stat().st_size for name in files)
        if len(kept) * record.sig_len > most and not {"508", "516", "524"} & set(record.fmt):
            raise DataError(f"{path} claims {record.sig_len} samples, more than its files hold", hint="copy it again")
    return record


def _here(path: Path, record: wfdb.Record) -> list[int]:
    """Return the signals of a record whose files are here."""
    found = [k for k, name in enumerate(record.file_name) if (path.parent / name).is_file()]
    if not found:
        raise DataError(f"there is no file {path.parent / record.file_name[0]}", hint="copy the whole record")
    return found


def _signal(path: Path, channels: list[int]) -> np.ndarray:
    """Return (leads, samples) in mV."""
    with guarded(path), np.errstate(all="ignore"):
        found = wfdb.rdrecord(str(path.with_suffix("")), channels=channels)
        signal = found.p_signal.T * np.array([[_MV[unit]] for unit in found.units])
    if len(bad := np.flatnonzero(~np.isfinite(signal).all(axis=1))):
        raise DataError(f"lead {found.sig_name[bad[0]]} of {path} has samples without a value", hint="cut them out")
    return np.ascontiguousarray(signal, dtype=np.float32)
