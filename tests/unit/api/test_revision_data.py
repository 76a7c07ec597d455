"""What a ControllerRevision keeps."""

from kubeade.api.revisions import revision_data, template_of


def test_a_revision_keeps_the_template_in_alphabetical_order() -> None:
    template = {
        "spec": {"containers": [{"name": "c", "image": "i"}]},
        "metadata": {"labels": {"b": "1", "a": "2"}},
    }
    data = revision_data({"spec": {"template": template, "selector": {}}})
    assert str(data["spec"]["template"]) == (
        "{'$patch': 'replace', 'metadata': {'labels': {'a': '2', 'b': '1'}}, "
        "'spec': {'containers': [{'image': 'i', 'name': 'c'}]}}"
    )
    assert template_of({"data": data}) == template
