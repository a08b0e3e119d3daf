import pytest
import torch

from medlab.errors import MedlabError
from medlab.training.device_and_seed import device, seeded


@pytest.mark.parametrize(("cuda", "mps", "wanted"), [(True, True, "cuda"), (False, True, "mps"), (False, False, "cpu")])
def test_auto_takes_cuda_then_mps_then_cpu(monkeypatch, cuda, mps, wanted):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    assert device("auto").type == wanted


def test_a_missing_card_is_said_to_be_missing(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(MedlabError, match="'cuda' is not on this machine"):
        device("cuda")


def test_a_card_number_beyond_the_last_is_missing(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    assert device("cuda:0").index == 0
    with pytest.raises(MedlabError, match="cuda:1"):
        device("cuda:1")


@pytest.mark.parametrize("name", ["cud", "gpu", "cuda:x", ""])
def test_unknown_names_are_refused_with_the_known_ones(name):
    with pytest.raises(MedlabError, match="known: auto, cuda, mps, cpu"):
        device(name)


def test_seeded_repeats_itself_and_leaves_the_global_generator_alone():
    torch.manual_seed(5)
    wanted = torch.rand(3)
    torch.manual_seed(5)
    with seeded(1):
        first = torch.rand(3)
    assert torch.equal(torch.rand(3), wanted)
    with seeded(1):
        assert torch.equal(torch.rand(3), first)
