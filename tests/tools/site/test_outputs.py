import base64

from tools.site.outputs import shown

PNG = base64.b64encode(b"\x89PNG picture").decode()


def keep(png):
    assert png == b"\x89PNG picture"
    return "../figures/1.png"


def html(outputs):
    return [output["data"].get("text/html", "") for output in shown(outputs, keep)]


def test_a_picture_becomes_a_file_with_its_alternative_text():
    output = {"output_type": "display_data", "data": {"image/png": PNG}}
    text = html([output | {"metadata": {"image/png": {"alt": 'A "map" <b>'}}}])[0]
    assert text == '<img class="dark-light" loading="lazy" alt="A &quot;map&quot; &lt;b&gt;" src="../figures/1.png">'
    history = {"output_type": "execute_result", "data": {"image/png": [PNG], "text/plain": ["History(6 epochs)"]}}
    assert 'alt="History(6 epochs)"' in html([history])[0]
    assert 'alt="Figure of the cell above"' in html([output])[0]


def test_pictures_inside_html_become_files_too_and_colors_for_light_pages_go():
    inside = f'<td style=\'text-align:left;color:#111\'><img alt="x" src="data:image/png;base64,{PNG}"></td>'
    text = html([{"output_type": "display_data", "data": {"text/html": inside}}])[0]
    assert 'loading="lazy" src="../figures/1.png"' in text
    assert "color" not in text
    assert "text-align:left" in text


def test_widgets_progress_bars_and_warnings_are_left_out():
    outputs = [
        {"output_type": "stream", "name": "stderr", "text": "50 %"},
        {"output_type": "display_data", "data": {"application/vnd.jupyter.widget-view+json": {"model_id": "1"}}},
        {"output_type": "display_data", "data": {"application/javascript": "fetch('https://x')"}},
        {"output_type": "stream", "name": "stdout", "text": "kept"},
    ]
    assert [output.get("text") for output in shown(outputs, keep)] == ["kept"]
