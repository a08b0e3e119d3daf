import pytest

from tools.site.check import problems


@pytest.fixture
def site(tmp_path):
    """Return what writes pages into a folder and gives the problems found."""

    def check(**pages):
        for name, text in pages.items():
            (tmp_path / f"{name}.html").write_text(text, encoding="utf-8")
        (tmp_path / "there.png").write_bytes(b"")
        return problems(tmp_path)

    return check


def test_links_that_lead_somewhere_are_no_problem(site):
    found = site(
        index="<a href='b.html#place'>b</a><a href='#top'>up</a><h1 id='top'>t</h1><img src='there.png'>",
        b="<p id='place'>p</p><a href='https://doi.org/10.1109/CVPR.2016.90'>a</a><a href='.'>start</a>",
    )
    assert found == []


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("<a href='gone.html'>x</a>", "links to gone.html, which is not there"),
        ("<a href='../../etc/passwd'>x</a>", "which is not there"),
        ("<a href='index.html#gone'>x</a>", "has no such place"),
        ("<a href='#gone'>x</a>", "has no such place"),
        ("<a href='https://doi.org/41'>x</a>", "is no address of a page"),
        ("<a href='javascript:alert(1)'>x</a>", "is no address of a page"),
        ("<img src='gone.png'>", "loads gone.png, which is not there"),
        ("<script src='https://cdn.example.net/x.js'></script>", "from another machine"),
        ("<link rel='stylesheet' href='//cdn.example.net/x.css'>", "from another machine"),
    ],
)
def test_what_leads_nowhere_or_elsewhere_is_found(site, text, what):
    (found,) = site(index=text)
    assert found.startswith("index.html: ")
    assert what in found


def test_a_style_that_loads_from_elsewhere_is_found(tmp_path):
    (tmp_path / "a.css").write_text("@font-face { src: url('https://fonts.example.net/a.woff2') }", encoding="utf-8")
    assert problems(tmp_path) == ["a.css: loads https://fonts.example.net/a.woff2"]
