from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Annotated, Any, Literal

import pytest
from pydantic import AfterValidator, ValidationError, model_validator

from allocator.errors import InputError, Place, Unparsable
from allocator.files.marked import parse_yaml
from allocator.model import Model, kebab, parse_id
from allocator.units import Share, part


class Branch(Model):
    id: str = ""
    length: Annotated[Share, AfterValidator(part)]
    at_least: Share | None = None
    from_: Share | None = None

    @model_validator(mode="after")
    def _fits(self) -> Branch:
        if self.at_least is not None and self.at_least > self.length:
            raise Unparsable("too much", "less of it", field="at-least")
        if self.from_ is not None and self.id == "":
            raise Unparsable("nameless", "name it", field="id")
        return self


class Twig(Branch):
    """A kind of branch, and called one."""


class Tree(Model):
    title: str
    leaf: Literal["needle", "broad"] = "broad"
    best: Branch | None = None
    branches: list[Branch] = []
    rings: dict[str, Share] = {}


def told(text: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        Tree.read(parse_yaml(text.encode(), "t"))
    return str(caught.value).split("\n")


@pytest.mark.parametrize(("name", "written"), [("at_least", "at-least"), ("from_", "from"), ("id", "id")])
def test_kebab(name: str, written: str) -> None:
    assert kebab(name) == written


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("leaf: broad", ["t:1:1: title: missing; add it"]),
        ("title: [a]", ["t:1:8: title: cannot read a list; write text"]),
        ("title: {a: b}", ["t:1:8: title: cannot read keys with values; write text"]),
        ("{title: x, leaf: bread}", ["t:1:18: leaf: cannot read 'bread'; did you mean 'broad'?"]),
        ("{title: x, best: y}", ["t:1:18: best: cannot read 'y'; write keys with values"]),
        ("{title: x, branches: {a: b}}", ["t:1:22: branches: cannot read keys with values; write a list"]),
        ("{title: x, rings: [a]}", ["t:1:19: rings: cannot read a list; write keys with values"]),
        ("{title: x, rings: {a: 3%, b: 4}}", ["t:1:30: rings.b: cannot read '4'; write a share such as 35%"]),
        # an item is called by its id, or by its number from 1 on
        ("title: x\nbranches:\n  - {length: 9%}\n  - {length: 7}",
         ["t:4:14: branches.2.length: cannot read '7'; write a share such as 35%"]),
        ("title: x\nbranches:\n  - {id: low, length: 7}",
         ["t:3:23: branches.low.length: cannot read '7'; write a share such as 35%"]),
        # what is missing is told where its record begins
        ("title: x\nbest: {id: a}", ["t:2:7: best.length: missing; add it"]),
        # a misspelt key is one problem, not two
        ("title: x\nbest: {lenght: 7%}", ["t:2:8: best.lenght: unknown key; did you mean 'length'?"]),
        ("title: x\nbest: {length: 7%, form: 1%}", ["t:2:20: best.form: unknown key; did you mean 'from'?"]),
        ("title: x\nbest: {length: 7%, birds: 2}",
         ["t:2:20: best.birds: unknown key; known: at-least, from, id, length"]),
        # a range, and fields that do not fit
        ("title: x\nbest: {length: 170%}",
         ["t:2:16: best.length: 170% is not between 0% and 100%; write a part of the whole"]),
        ("title: x\nbest: {length: 7%, at-least: 8%}", ["t:2:30: best.at-least: too much; less of it"]),
        ("title: x\nbest: {length: 7%, from: 8%}", ["t:2:7: best.id: nameless; name it"]),
        # all at once
        ("titel: x\nleaf: bread\nbest: {length: 7}",
         ["t:1:1: titel: unknown key; did you mean 'title'?",
          "t:2:7: leaf: cannot read 'bread'; did you mean 'broad'?",
          "t:3:16: best.length: cannot read '7'; write a share such as 35%"]),
    ],
)  # fmt: skip
def test_every_problem_has_its_place(text: str, messages: list[str]) -> None:
    assert told(text) == messages


def test_a_record_from_python_names_the_field_instead() -> None:
    with pytest.raises(InputError) as caught:
        Branch.read({"length": "7", "at_leest": "1%"}, "the branch")
    assert set(str(caught.value).split("\n")) == {
        "the branch length: cannot read '7'; write a share such as 35%",
        "the branch at-leest: unknown key; did you mean 'at-least'?",
    }


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Branch(length="7"), "branch length: cannot read '7'; write a share such as 35%"),  # type: ignore[arg-type]
        (lambda: Branch(id="low", lenght="7%"), "branch 'low' lenght: unknown key; did you mean 'length'?"),  # type: ignore[call-arg]
        (lambda: Branch(id="low"), "branch 'low' length: missing; add it"),  # type: ignore[call-arg]
        (lambda: Branch(id="low", length="1%", at_least="2%"), "branch 'low' at-least: too much; less of it"),  # type: ignore[arg-type]
        (lambda: Tree(title="x", best={"length": "7"}), "tree best.length: cannot read '7'; write a share such as 35%"),  # type: ignore[arg-type]
        (lambda: Twig(id="low"), "branch 'low' length: missing; add it"),  # type: ignore[call-arg]
    ],
)  # fmt: skip
def test_a_constructor_says_what_a_reader_does(make: Callable[[], Model], message: str) -> None:
    with pytest.raises(InputError) as caught:
        make()
    assert str(caught.value) == message


def test_a_record_is_made_of_records() -> None:
    branch = Branch(length=Share(0.1))
    assert Tree(title="x", best=branch).best is branch
    assert pickle.loads(pickle.dumps(branch)) == branch == branch.model_copy()


def test_a_record_knows_its_places() -> None:
    tree = Tree.read(parse_yaml(b"title: x\nbest:\n  length: 7%\n  at-least: 2%\n", "t"))
    assert tree.place("title") == Place("t", 1, 8)
    assert tree.place() == Place("t", 1, 1)
    assert tree.best is not None
    assert tree.best.place("at_least") == Place("t", 4, 13)
    assert tree.best.place("from_") == Place("t", 3, 3)
    assert str(tree.best.problem("length", "what", "mend")) == "t:3:11: what; mend"


@pytest.mark.parametrize("names", [{"at_least": "2%", "from_": "1%"}, {"at-least": "2%", "from": "1%"}])
def test_python_may_write_names_its_own_way(names: dict[str, str]) -> None:
    made = Branch.read({"id": "a", "length": "7%", **names})
    assert (made.at_least, made.from_, made.place("length")) == (Share(0.02), Share(0.01), None)


def test_a_record_is_frozen() -> None:
    made = Branch(length=Share(0.1))
    with pytest.raises(ValidationError, match="frozen"):
        made.length = Share(0.2)


@pytest.mark.parametrize("given", ["One", "one two", "one_two", "-one", "one-", "one--two", "", "a" * 61, "über", 1])
def test_no_id(given: Any) -> None:
    with pytest.raises(Unparsable, match=r"can't be an id; use small letters, digits and dashes, as in one-line$"):
        parse_id(given)


@pytest.mark.parametrize("given", ["one", "one-2", "2026-04"])
def test_an_id(given: str) -> None:
    assert parse_id(given) == given
