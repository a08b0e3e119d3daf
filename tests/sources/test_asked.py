import pytest

from medlab.errors import DataError, MedlabError
from medlab.sources.asked import absolute, joined, parsed


def test_a_relative_path_begins_where_the_caller_is(tmp_path, monkeypatch):
    (tmp_path / "mine.npz").write_bytes(b"")
    monkeypatch.chdir(tmp_path)
    assert absolute("./mine.npz?size=64") == f"{tmp_path / 'mine.npz'}?size=64"
    assert absolute("mine.npz") == str(tmp_path / "mine.npz")


def test_names_stay_as_they_are():
    assert absolute("pneumoniamnist_64") == "pneumoniamnist_64"
    assert absolute("hospital:chest_xray?size=32") == "hospital:chest_xray?size=32"


def test_a_path_that_is_not_there_names_where_it_was_looked_for_and_what_is_near(tmp_path):
    (tmp_path / "mine.npz").write_bytes(b"")
    with pytest.raises(DataError, match="no file or folder") as caught:
        absolute("./mime.npz", tmp_path)
    assert str(tmp_path / "mime.npz") in caught.value.message
    assert str(tmp_path / "mine.npz") in caught.value.hint


def test_options_survive_strange_names():
    text = joined("scans", {"positive": "a & b=c?+", "size": "64"})
    assert parsed(text) == ("scans", {"positive": "a & b=c?+", "size": 64})
    assert joined(text, {"size": 32, "fit": "pad"}).count("size") == 1


def test_a_folder_whose_name_holds_a_question_mark_is_that_folder(tmp_path):
    (tmp_path / "what?fit=pad").mkdir()
    assert parsed(str(tmp_path / "what?fit=pad")) == (str(tmp_path / "what?fit=pad"), {})


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"fit": "padd"}, "did you mean 'pad'"),
        ({"size": "big"}, "no number of pixels"),
        ({"size": 0}, "no number of pixels"),
        ({"size": -3}, "no number of pixels"),
        ({"size": 10**6}, "no number of pixels"),
        ({"positive": " "}, "positive is empty"),
        ({"skip": ""}, "skip is empty"),
        ({"layout": "class"}, "did you mean 'classes'"),
        ({"channels": "middle"}, "unknown channels 'middle'"),
    ],
)
def test_wrong_options_are_refused(options, said):
    with pytest.raises(MedlabError, match=said):
        joined("scans", options)
    with pytest.raises(MedlabError, match="unknown option of data"):
        parsed("scans?color=red")
