"""One name in several languages, at length and for short, is compared in one form."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from initiatives.desk import glossary
from initiatives.desk.duplicates import names_alike
from initiatives.desk.glossary import in_one_form
from initiatives.desk.names import Names, plain_names
from initiatives.desk.words import halves, head, joined, plain, plain_forms
from partners.names import fold


@pytest.mark.parametrize(
    ("name", "english"),
    [
        ("Agence spatiale africaine", "Africa Space Agency"),
        ("Programa Iberoamericano de Ciencia", "Ibero-America Program de Science"),
        ("Евразийский банк развития", "Eurasia Bank Development"),
        ("中非合作论坛", "China Africa Cooperation Forum"),
        ("一带一路", "Belt and Road"),
        ("Artificial Intelligence Action Summit", "AI Action Summit"),
        ("Sommet pour l'action sur l'IA", "Summit pour Action sur AI"),
        ("Türk Devletleri Teşkilatı", "Turkic State Organization"),
        ("Sino-German Centre", "China-Germany Center"),
        ("Programme of the United Nations", "UN Program of the"),
    ],
)
def test_a_name_in_another_language_has_the_words_of_the_english_one(name, english):
    assert sorted(plain(name).split()) == sorted(plain(english).split())


def test_a_word_that_is_not_in_the_glossary_stands_as_it_is_written():
    assert plain("Quokka Lanterns") == "quokka lanterns"


def test_a_name_that_is_nothing_but_a_known_phrase_is_not_cut_to_its_short_form():
    assert plain("European Union") == "europe union"
    assert plain("European Union Quokka Fund") == "eu quokka fund"


def test_a_name_keeps_the_initials_by_which_it_is_called():
    """Though "science, technology and innovation" is compared as "sti"."""
    names = plain_names("BRICS Science, Technology and Innovation Framework Programme", [])
    assert names[0] == "brics sti framework program"
    assert names_alike(names, plain_names("BSTIFP", []), {"bstifp": 1.0} | weights(names)) > 80
    assert plain_forms("Quokka Lantern Programme") == ["quokka lantern program"]


def weights(names: tuple[str, ...]) -> dict[str, float]:
    return {word: 1.0 for name in names for word in name.split()}


def test_every_line_of_the_glossary_is_whole_and_no_word_has_two_forms():
    path = Path(glossary.__file__).with_name("glossary.csv")
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file, delimiter=";"))
    assert {len(row) for row in rows} == {len(rows[0])}
    terms = [row[0] for row in rows[1:]]
    assert terms == sorted(set(terms))
    assert [term for term in terms if fold(term) != term] == []
    forms = [
        (fold(form), form.endswith("-"), row[0])
        for row in rows[1:]
        for form in filter(None, "|".join(row[1:]).split("|"))
    ]
    told = {(form, stem): term for form, stem, term in forms}
    assert [one for one in forms if told[one[:2]] != one[2]] == []
    assert [form for form, stem, term in forms if form == term and not stem] == []
    assert [form for form, stem, _ in forms if stem and len(form) < glossary.SHORTEST_STEM] == []


def test_the_form_of_a_form_is_itself():
    for phrase, form in glossary.PHRASES.items():
        once = in_one_form(["quokka", *phrase])
        assert once[1:] == form.split() or len(phrase) == 1, phrase
        assert in_one_form(once) == once, phrase


# --- Said shorter, and written together ------------------------------------------------------------


def test_the_head_of_a_name_is_what_it_says_before_it_says_it_more_closely():
    assert [*head(["global", "fund", "to", "fight", "aids"])] == ["global", "fund"]
    assert [*head(["alliance", "of", "small", "islands"])] == []
    assert [*head(["quokka", "lantern", "program"])] == []


@pytest.mark.parametrize(
    ("stored", "asked"),
    [
        ("Quokka Fund to Fight Darkness and Gloom", "The Quokka Fund"),
        ("Quokka Bank for the Least Developed Lanterns", "Quokka Bank"),
        ("AfricaQuokka3", "Africa Quokka phase 3"),
        ("Digital Quokka Road", "Digital Quokkaroad"),
        ("Nord Quokka 2", "Nordquokka 2"),
        ("Quokka28", "QUOKKA 28"),
    ],
)
def test_a_name_said_by_its_head_or_written_together_is_found_first(stored, asked):
    others = ["Digital Lantern Fund", "Nord Lantern 2", "Africa Lantern Bank phase 3", "Road Fund"]
    records = {1: plain_names(stored, [])}
    records |= {key: plain_names(title, []) for key, title in enumerate(others, 2)}
    names = Names.of(sorted(records.items()))
    called = plain_names(asked, [])
    found = names.like(called[0])
    said = names.weights(w for some in (called, *found.values()) for n in some for w in n.split())
    alike = {key: names_alike(called, some, said) for key, some in found.items()}
    assert alike[1] >= 55
    assert max(alike, key=lambda key: alike[key]) == 1


def test_what_is_written_together_is_two_words_that_follow_each_other():
    assert joined(["silk", "road", "fund"]) == {
        "silkroad": ("silk", "road"),
        "roadfund": ("road", "fund"),
    }
    assert ("silk", "road") in halves("silkroad")
    assert halves("g20") == halves("aid") == []
