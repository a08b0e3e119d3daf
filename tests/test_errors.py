import pickle

from data_fetch.errors import Damaged, FetchError, Unavailable
from medlab.errors import DataError, MedlabError, SourceUnavailable, unknown


def test_message_and_hint_are_shown():
    assert str(MedlabError("got 3", hint="want 2")) == "got 3\n  -> want 2"
    assert str(MedlabError("got 3")) == "got 3"


def test_errors_cross_process_borders():
    back = pickle.loads(pickle.dumps(DataError("image 3 is NaN", hint="leave it out")))
    assert (type(back), back.message, back.hint) == (DataError, "image 3 is NaN", "leave it out")


def test_the_nearest_name_is_suggested():
    assert "did you mean 'pneumoniamnist'?" in str(unknown("source", "pneumonia_mnist", ["pneumoniamnist", "mni152"]))
    assert "did you mean '41_classification'?" in str(unknown("lesson", "41x", ["00_start_here", "41_classification"]))
    assert "choose one of: smoke, cpu" in str(unknown("preset", "zzz", ["smoke", "cpu"]))


def test_errors_of_the_fetcher_belong_to_the_family():
    assert issubclass(FetchError, MedlabError)
    assert issubclass(Damaged, DataError)
    assert SourceUnavailable is Unavailable
