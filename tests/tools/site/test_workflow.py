from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[3]
JOB = yaml.safe_load((ROOT / ".github" / "workflows" / "pages.yml").read_text(encoding="utf-8"))["jobs"]["site"]


def test_the_workflow_publishes_what_make_site_builds():
    commands = [step["run"] for step in JOB["steps"] if "run" in step]
    assert "make site" in commands
    (uploaded,) = [step["with"]["path"] for step in JOB["steps"] if "upload-pages" in step.get("uses", "")]
    assert 'root / "build" / "site"' in (ROOT / "tools" / "site" / "__main__.py").read_text(encoding="utf-8")
    assert uploaded == "build/site"


def test_the_workflow_calls_targets_that_the_makefile_has():
    targets = {line.partition(":")[0] for line in (ROOT / "Makefile").read_text(encoding="utf-8").splitlines()}
    called = {word for step in JOB["steps"] for line in step.get("run", "").splitlines() if line.startswith("make ")
              for word in line.split()[1:]}  # fmt: skip
    assert called
    assert called <= targets
