import os
import sys
import time

import psutil
import pytest

from medlab.engine import process

pytestmark = pytest.mark.skipif(os.name == "nt", reason="processes of POSIX")
START = "import os, subprocess, sys, time\n"


def watch(code, tmp_path, **options):
    env = os.environ | {"HERE": str(tmp_path)}
    given = {"timeout": 30, "memory_mb": 2000} | options
    return process.watch([sys.executable, "-c", START + code], env=env, **given)


def alive(path):
    return psutil.pid_exists(int(path.read_text())) and psutil.Process(int(path.read_text())).status() != "zombie"


LEAVES = {
    "a session of its own": "subprocess.Popen(['sleep', '99'], start_new_session=True)",
    "an orphan": "subprocess.Popen(['sh', '-c', 'setsid sleep 99 & echo $!'], stdout=subprocess.DEVNULL).wait()",
    "deaf": "subprocess.Popen(['sh', '-c', 'trap \"\" TERM INT HUP; sleep 99'], start_new_session=True)",
    "twice forked": "os.fork() or (os.setsid(), os.fork() and os._exit(0), time.sleep(99))",
}


@pytest.mark.parametrize("code", LEAVES.values(), ids=LEAVES)
@pytest.mark.parametrize("end", ["time.sleep(0.3)", "time.sleep(99)", "os.kill(os.getpid(), 9)", "os._exit(0)"])
def test_nothing_of_a_program_is_left(tmp_path, code, end):
    mark = f"left{os.getpid()}{time.monotonic_ns()}"
    watch(f"os.environ['LEFT'] = {mark!r}\n{code}\n{end}", tmp_path, timeout=3)
    left = []
    for each in psutil.process_iter():
        try:
            left += [each] if each.environ().get("LEFT") == mark or mark in " ".join(each.cmdline()) else []
        except psutil.Error:
            continue
    assert not left


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone gives orphans to another than init")
def test_who_adopts_orphans_ends_even_those_without_a_mark(tmp_path):
    code = "from medlab.engine.process import adopt_orphans\nadopt_orphans()\n"
    code += "if os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n"
    code += "        open(os.environ['HERE'] + '/pid', 'w').write(str(os.getpid()))\n"
    code += "        os.execve('/bin/sleep', ['sleep', '99'], {})\n    os._exit(0)\ntime.sleep(99)"
    found = watch(code, tmp_path, timeout=5)
    assert found.ended == "timeout"
    assert not alive(tmp_path / "pid")


def test_a_program_that_starts_others_while_it_is_ended_is_ended(tmp_path):
    code = "while True:\n    subprocess.Popen(['sleep', '99'], start_new_session=True)\n    time.sleep(0.005)"
    assert watch(code, tmp_path, timeout=2).ended == "timeout"
    assert not [p for p in psutil.process_iter() if _here(p, tmp_path)]


def _here(each, tmp_path):
    try:
        return each.environ().get("HERE") == str(tmp_path)
    except psutil.Error:
        return False


def test_a_line_without_end_and_a_program_that_prints_without_end_fill_no_memory(tmp_path):
    before = psutil.Process().memory_info().rss
    seen = []
    code = "for _ in range(60): sys.stdout.buffer.write(bytes(1_000_000))"
    found = watch(code, tmp_path, on_line=lambda line: seen.append(len(line)) or False)
    assert (found.ended, sum(seen)) == ("itself", 60_000_000)
    assert max(seen) <= 1 << 24
    assert len(found.log) < 20_000
    assert psutil.Process().memory_info().rss - before < 500e6


def test_the_input_is_closed_when_a_line_asks_for_it(tmp_path):
    code = "print('done', flush=True)\nsys.stdin.read()\nprint('closed')"
    found = watch(code, tmp_path, on_line=lambda line: "done" in line)
    assert (found.ended, found.code) == ("itself", 0)
    assert "closed" in found.log


def test_what_cannot_be_started_is_an_error_that_says_so(tmp_path):
    with pytest.raises(process.MedlabError, match="cannot be started"):
        process.watch([str(tmp_path / "none")], env={}, timeout=1, memory_mb=1)
