from medlab.engine import reference


def test_twice_the_cpu_seconds_for_the_workload_is_half_the_speed(monkeypatch):
    taken = iter([9.0] + [2 * reference.NOMINAL_S] * 10)
    monkeypatch.setattr(reference, "workload", lambda: next(taken))
    with reference.Speed() as speed:
        speed._thread.join(0.1)  # the first workload, which is not counted
    assert speed.value == 0.5


def test_one_sample_that_is_far_off_changes_nothing():
    speed = reference.Speed()
    speed._taken = [reference.NOMINAL_S] * 20 + [100.0]
    assert speed.value == 1.0


def test_the_workload_takes_time_and_the_machine_is_not_absurd():
    assert 0.002 < reference.workload() < 2
