import pytest

from data_fetch.cards import FOLDER, all_cards, load_card, read_card
from data_fetch.errors import FetchError

# With its first file alone: the faults below are put in one place each.
GOOD = "[[files]]".join((FOLDER / "breastmnist.toml").read_text(encoding="utf-8").split("[[files]]")[:2])


def test_every_card_is_valid_and_states_what_a_reader_must_know():
    cards = all_cards()
    assert {"breastmnist", "pneumoniamnist"} <= set(cards)
    for name, card in cards.items():
        assert card.name == name
        assert card.not_for_clinical_use
        assert card.doi
        assert card.problems
        assert sum(card.splits.values()) > 0


def test_the_positive_classes_are_the_diseases():
    assert load_card("pneumoniamnist").positive == "pneumonia"
    assert load_card("breastmnist").classes[0] == load_card("breastmnist").positive == "malignant"


def test_an_unknown_name_gets_the_nearest_one():
    with pytest.raises(FetchError, match="did you mean 'pneumoniamnist'"):
        load_card("pneumonamnist")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('name = "breastmnist"', 'name = "other"', "called breastmnist.toml"),
        ('positive = "malignant"', 'positive = "cancer"', "positive"),
        ('licence = "CC BY 4.0"', "", "licence: missing"),
        ('licence = "CC BY 4.0"', "licence = 4", "licence: 4 is not a str"),
        ("not_for_clinical_use = true", "not_for_clinical_use = false", "must be true"),
        ('task = "binary', 'tusk = 1\ntask = "binary', "tusk: not a key"),
        ("https://", "http://", "wanted https"),
        ("750601b1", "750601b", "32 hexadecimal"),
        ("medmnist/breastmnist.npz", "../breastmnist.npz", "stays below"),
        ("medmnist/breastmnist.npz", "/etc/passwd", "stays below"),
        ("medmnist/breastmnist.npz", "C:\\\\x.npz", "stays below"),
        ("bytes = 559580", "bytes = 0", "positive number"),
        ('access = "open"', 'access = "secret"', "neither"),
        ('access = "open"', 'access = "registration"', "how: wanted"),
        ("medmnist/breastmnist.npz", "a/con.npz", "stays below"),
        ("medmnist/breastmnist.npz", "a//b.npz", "stays below"),
        ("medmnist/breastmnist.npz", "a/b ", "stays below"),
        ("redistribution = true", "", "redistribution: missing"),
        ('"10.1016', '"doi:10.1016', "does not start"),
        ("[[files]]", "[files]", "at least one"),
        ('task = "', "task = ", "cannot be read"),
    ],
)
def test_a_card_with_a_fault_is_refused_by_name(tmp_path, old, new, said):
    assert old in GOOD
    path = tmp_path / "breastmnist.toml"
    path.write_text(GOOD.replace(old, new), encoding="utf-8")
    with pytest.raises(FetchError, match=r"breastmnist\.toml") as caught:
        read_card(path)
    assert said in str(caught.value)


def test_all_of_medmnist_is_there():
    cards = {name: card for name, card in all_cards().items() if "mnist" in name}
    assert len(cards) == 18
    assert sum(len(card.files) for card in cards.values()) == 12 * 4 + 6 * 2
    assert len({file.md5 for card in cards.values() for file in card.files}) == 60
    # 707962 images in two dimensions and 9996 in three: the sums that the collection states.
    flat = sum(sum(card.splits.values()) for name, card in cards.items() if not name.endswith("3d"))
    deep = sum(sum(card.splits.values()) for name, card in cards.items() if name.endswith("3d"))
    assert (flat, deep) == (707962, 9996)
    assert cards["dermamnist"].licence == "CC BY-NC 4.0"


def test_every_alternative_is_a_modality():
    from medlab.hospital import MODALITIES

    assert all(card.alternative.removeprefix("hospital:") in MODALITIES for card in all_cards().values())


def test_a_size_is_part_of_the_name():
    card = load_card("pneumoniamnist_128")
    assert [file.md5 for file in card.files] == ["05b46931834c231683c68f40c47b2971"]
    assert "128 x 128" in card.title
    with pytest.raises(FetchError, match="does not come in size 32"):
        load_card("pneumoniamnist_32")
    with pytest.raises(FetchError, match="does not come in size 224"):
        load_card("organmnist3d_224")


def test_the_sets_that_were_asked_for_have_cards():
    names = set(all_cards())
    assert len([name for name in names if name.startswith("decathlon_")]) == 10
    assert len([name for name in names if name.startswith("medsegbench_")]) >= 10
    assert names >= {
        "mednist", "nuclei", "chase_db1", "neurite_oasis_2d", "ptb_xl", "mit_bih", "uci_heart", "luna16_annotations",
        "montgomery", "busi", "kvasir_seg", "ixi_t1", "fastmri_knee", "brain_slices", "ct_sinogram_tooth",
    }  # fmt: skip


def test_what_wants_a_registration_says_how():
    card = load_card("fastmri_knee")
    assert card.access == "registration"
    assert "agreement" in card.how
    assert not card.redistribution
